package io.kolo.executor.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Sees that a process dies before it is dead. A signal that kills ends the first thread at once, and Linux shows that
 * process as a zombie; but until its memory is given back, which takes a JVM some 50 ms, its connections stand, and
 * nobody is told.
 */
final class DeathWatch implements AutoCloseable {
    private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final String DYING = "ZXx";
    private static final char GONE = 'x';

    private final Map<Long, Runnable> watched = new ConcurrentHashMap<>();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("kolo-death-watch").unstarted(this::watch);
    private volatile boolean closed;

    DeathWatch() {
        thread.start();
    }

    /** Calls {@code action} once the process dies; a process that is gone by then is not heard of here. */
    void watch(long pid, Runnable action) {
        watched.put(pid, action);
    }

    private void watch() {
        while (!closed) {
            watched.forEach((pid, action) -> {
                if (DYING.indexOf(state(pid)) >= 0) {
                    watched.remove(pid);
                    action.run();
                }
            });
            LockSupport.parkNanos(INTERVAL_NS);
        }
    }

    /** Returns the state as {@code proc_pid_stat(5)} has it, behind the name, which may have anything in it. */
    private static char state(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", String.valueOf(pid), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return GONE;
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
