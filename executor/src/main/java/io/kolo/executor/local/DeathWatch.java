package io.kolo.executor.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sees that a process dies before it is dead. A signal that kills ends the first thread at once, and Linux shows that
 * process as a zombie; but until its memory is given back, which takes a JVM some 100 ms, its connections stand, and
 * nobody is told. Soon after the first thread all others have begun to exit, and none of them will store anything more.
 */
final class DeathWatch implements AutoCloseable {
    private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final String DYING = "ZXx";
    private static final char GONE = 'x';
    private static final String UNKNOWN = "R 0 0 0 0 0 0";

    /** In the flags of a thread: it has begun to exit, and never comes back from the kernel. */
    private static final long PF_EXITING = 4;

    private static final int FLAGS = 6; // behind the state

    private record Watched(Runnable dying, Runnable halted) {}

    private final Map<Long, Watched> alive = new ConcurrentHashMap<>();
    private final Map<Long, Watched> dying = new ConcurrentHashMap<>();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("kolo-death-watch").unstarted(this::watch);
    private volatile boolean closed;

    DeathWatch() {
        thread.start();
    }

    /**
     * Watches a process.
     *
     * @param dying is called once it dies
     * @param halted is called once none of its threads will run again
     */
    void watch(long pid, Runnable dying, Runnable halted) {
        alive.put(pid, new Watched(dying, halted));
    }

    private void watch() {
        while (!closed) {
            alive.forEach((pid, process) -> {
                if (DYING.indexOf(state(pid)) >= 0) {
                    dying.put(pid, process);
                    alive.remove(pid);
                    process.dying.run();
                }
            });
            dying.forEach((pid, process) -> {
                if (isHalted(pid)) {
                    dying.remove(pid);
                    process.halted.run();
                }
            });
            LockSupport.parkNanos(INTERVAL_NS);
        }
    }

    private static char state(long pid) {
        return stat(Path.of("/proc", String.valueOf(pid))).charAt(0);
    }

    /** Only a thread that still runs makes another one; so none was missed if two looks find the same. */
    private static boolean isHalted(long pid) {
        Set<Path> threads = exiting(pid);
        return threads != null && threads.equals(exiting(pid)); // or fewer, and the next turn will see
    }

    /** Returns the threads of a process, if all of them exit. */
    private static @Nullable Set<Path> exiting(long pid) {
        Set<Path> threads = new HashSet<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc", String.valueOf(pid), "task"))) {
            for (Path thread : tasks) {
                String stat = stat(thread);
                if (stat.charAt(0) != GONE && (Long.parseLong(stat.split(" ", -1)[FLAGS]) & PF_EXITING) == 0) {
                    return null;
                }
                threads.add(thread);
            }
        } catch (IOException | DirectoryIteratorException e) {
            return isGone(Path.of("/proc", String.valueOf(pid))) ? Set.of() : null;
        }
        return threads;
    }

    /** Returns what {@code proc_pid_stat(5)} has behind the name, which may have anything in it: first the state. */
    private static String stat(Path task) {
        try {
            String stat = Files.readString(task.resolve("stat"), ISO_8859_1);
            return stat.substring(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return isGone(task) ? String.valueOf(GONE) : UNKNOWN;
        }
    }

    /** This process may have too many open files to see more: then nobody counts as dead. */
    private static boolean isGone(Path task) {
        return Files.notExists(task);
    }

    @Override
    public void close() {
        closed = true;
    }
}
