package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** What is done to a run from outside, and waited for, while it is under way. */
final class Runs {
    static final Duration PATIENT = Duration.ofSeconds(90);

    /**
     * An argument for workers of tests that start many of them: no optimising compiler, which takes two thirds of the
     * cores' time until a worker trains. Tests of transports, networks and parity have it.
     */
    static final String QUICK_START = "-XX:TieredStopAtLevel=1";

    private Runs() {}

    /** Returns a builder of a job on this machine, whose workers start fast. */
    static RayExecutorBuilder quickStart() {
        return RayExecutor.builder().jvmArg(QUICK_START);
    }

    /** Waits for what the run comes to. */
    static void await(String what, BooleanSupplier condition, Future<?> run) {
        long deadlineNs = System.nanoTime() + PATIENT.toNanos();
        while (!condition.getAsBoolean()) {
            if (run.isDone()) {
                throw new AssertionError(
                        "the run is over, and still no " + what,
                        run.state() == Future.State.FAILED ? run.exceptionNow() : null);
            }
            assertTrue(System.nanoTime() - deadlineNs < 0, "no " + what);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** Waits for a run that is to fail, and returns with what it does. */
    static Throwable failure(Future<?> run) {
        return assertThrows(ExecutionException.class, () -> run.get(PATIENT.toSeconds(), TimeUnit.SECONDS))
                .getCause();
    }

    /** Returns the JVMs with a text in their command line, which may be longer than what a ProcessHandle tells. */
    static Stream<ProcessHandle> javaProcesses(String text) {
        return ProcessHandle.allProcesses().filter(process -> {
            try {
                String line = Files.readString(Path.of("/proc", String.valueOf(process.pid()), "cmdline"));
                return line.contains("java") && line.contains(text);
            } catch (IOException e) {
                return false; // it is gone
            }
        });
    }

    /** Sends a process a signal, such as {@code "-STOP"}. */
    static void signal(String name, long pid) throws IOException, InterruptedException {
        assertEquals(
                0, new ProcessBuilder("kill", name, String.valueOf(pid)).start().waitFor());
    }
}
