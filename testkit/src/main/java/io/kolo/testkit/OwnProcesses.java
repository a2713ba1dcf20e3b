package io.kolo.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The processes of this test run, orphans included, and nobody else's: the build gives its tests the variable
 * {@code KOLO_TEST_RUN}, which every process inherits that they start. Linux only.
 */
final class OwnProcesses {
    private static final Path PROC = Path.of("/proc");
    private static final String MARK = "KOLO_TEST_RUN=" + System.getenv("KOLO_TEST_RUN");

    private OwnProcesses() {}

    /** Returns the process ids, that of this JVM among them. */
    static Set<Long> ids() {
        Set<Long> ids = new TreeSet<>(List.of(ProcessHandle.current().pid()));
        ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(OwnProcesses::isMarked)
                .forEach(ids::add);
        return ids;
    }

    static boolean isMarked(long pid) {
        try {
            String environment = Files.readString(of(pid).resolve("environ"), ISO_8859_1);
            return Arrays.asList(environment.split("\0", -1)).contains(MARK);
        } catch (IOException e) {
            return false; // gone, or another user's
        }
    }

    /** Returns the inodes of a process's sockets, as {@code socket:[4711]}. */
    static Set<String> sockets(long pid) {
        Set<String> sockets = new TreeSet<>();
        try (Stream<Path> files = Files.list(of(pid).resolve("fd"))) {
            files.map(OwnProcesses::target)
                    .filter(target -> target.startsWith("socket:"))
                    .forEach(sockets::add);
        } catch (IOException | UncheckedIOException e) {
            return sockets; // the process is gone
        }
        return sockets;
    }

    private static String target(Path link) {
        try {
            return String.valueOf(Files.readSymbolicLink(link));
        } catch (IOException e) {
            return ""; // closed in the meantime
        }
    }

    private static Path of(long pid) {
        return PROC.resolve(String.valueOf(pid));
    }
}
