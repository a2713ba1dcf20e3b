package io.kolo.testkit;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves something of its own behind: a process, a bound port, a file in shared memory or a thread of
 * Kolo's. What goes away by itself has a few seconds to do so. Linux only: it reads {@code /proc}.
 */
public final class Leftovers implements BeforeEachCallback, AfterEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(Leftovers.class);
    private static final String BEFORE = "before";
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final Pattern KOLO_FILE = Pattern.compile("\\.?(?:kolo|aeron)-(?:(\\d+)-)?.*");
    private static final String TCP_LISTENS = "0A";

    @Override
    public void beforeEach(ExtensionContext test) {
        test.getStore(NAMESPACE).put(BEFORE, present());
    }

    @Override
    public void afterEach(ExtensionContext test) {
        @SuppressWarnings("unchecked") // put there by beforeEach
        Set<String> before =
                (Set<String>) requireNonNull(test.getStore(NAMESPACE).get(BEFORE));
        long deadlineNs = System.nanoTime() + DEADLINE_NS;
        Set<String> left = leftSince(before);
        while (!left.isEmpty() && System.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(POLL_NS);
            left = leftSince(before);
        }
        assertEquals(Set.of(), left, () -> "left behind by " + test.getDisplayName() + ", in memory " + inMemory());
    }

    /** Who has left a folder can be told by what is in it. */
    private static List<Path> inMemory() {
        try (Stream<Path> files = Files.walk(SHARED_MEMORY)) {
            return files.toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of(); // it goes at last
        }
    }

    private static Set<String> leftSince(Set<String> before) {
        Set<String> now = present();
        now.removeAll(before);
        return now;
    }

    private static Set<String> present() {
        Set<String> present = new TreeSet<>();
        Set<String> sockets = new HashSet<>();
        for (long pid : OwnProcesses.ids()) {
            sockets.addAll(OwnProcesses.sockets(pid));
            ProcessHandle.of(pid)
                    .filter(process -> pid != ProcessHandle.current().pid())
                    .ifPresent(process -> present.add("process " + pid + " "
                            + process.info().commandLine().orElse("")));
        }
        Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("kolo-"))
                .forEach(name -> present.add("thread " + name));
        try (Stream<Path> files = Files.list(SHARED_MEMORY)) {
            files.filter(Leftovers::isOurs).forEach(file -> present.add("file " + file));
            for (String protocol : List.of("tcp", "tcp6", "udp", "udp6")) {
                ports(protocol, sockets).forEach(port -> present.add(protocol + " port " + port));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return present;
    }

    /** A folder kolo-PID-... of a living process that is not of this run is another job's. */
    private static boolean isOurs(Path file) {
        Matcher kolo = KOLO_FILE.matcher(String.valueOf(file.getFileName()));
        if (!kolo.matches()) {
            return false;
        }
        String pid = kolo.group(1);
        return pid == null
                || ProcessHandle.of(Long.parseLong(pid)).isEmpty()
                || OwnProcesses.isMarked(Long.parseLong(pid));
    }

    /** The lines of /proc/net/tcp: number, local address:port, remote address:port, state, ... inode at the tenth. */
    private static Stream<Integer> ports(String protocol, Set<String> sockets) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(Path.of("/proc/net", protocol));
        } catch (NoSuchFileException e) {
            return Stream.empty();
        }
        return lines.stream()
                .skip(1)
                .map(line -> line.trim().split("\\s+"))
                .filter(fields -> protocol.startsWith("udp") || fields[3].equals(TCP_LISTENS))
                .filter(fields -> sockets.contains("socket:[" + fields[9] + "]"))
                .map(fields -> Integer.parseInt(fields[1].substring(fields[1].indexOf(':') + 1), 16));
    }
}
