package io.kolo.executor.local;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Starts worker JVMs on this machine: the driver's own JDK and class path, and the flags that Kolo's libraries need.
 * They are all gone, and the job's folder too, once it is closed.
 */
public final class LocalEngine implements AutoCloseable {
    private static final List<String> FLAGS = List.of(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "-XX:+ExitOnOutOfMemoryError");
    private static final String INCUBATOR_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector";
    private static final long KILL_TIMEOUT_MS = 2000;

    private final JobFolder folder = JobFolder.create();
    private final List<WorkerProcess> processes = new CopyOnWriteArrayList<>();
    private final int threadsPerWorker;

    /** Prepares for {@code workers} workers: they share the machine's cores. */
    public LocalEngine(int workers) {
        this.threadsPerWorker = Math.max(1, Runtime.getRuntime().availableProcessors() / workers);
    }

    /** Returns the folder in shared memory that the worker of {@code slot} may use; it does not exist yet. */
    public Path folder(int slot) {
        return folder.path().resolve("worker-" + slot);
    }

    /**
     * Starts a worker.
     *
     * @param spec what to start
     * @param lines takes its output, on a thread of its own
     */
    public WorkerProcess launch(WorkerSpec spec, Consumer<String> lines) {
        ProcessBuilder builder = new ProcessBuilder(command(spec)).redirectErrorStream(true);
        builder.environment().putAll(spec.environment());
        // More OpenMP threads than cores cost a factor of six to ten, and other counts give other bits.
        builder.environment().putIfAbsent("OMP_NUM_THREADS", String.valueOf(threadsPerWorker));
        builder.environment().putIfAbsent("OPENBLAS_NUM_THREADS", String.valueOf(threadsPerWorker));
        try {
            Consumer<String> filtered = line -> {
                if (!line.equals(INCUBATOR_WARNING)) {
                    lines.accept(line);
                }
            };
            WorkerProcess process = new WorkerProcess(builder.start(), spec.slot(), filtered);
            processes.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("worker " + spec.slot() + " did not start: " + e.getMessage(), e);
        }
    }

    private static List<String> command(WorkerSpec spec) {
        String classPath = Stream.concat(
                        Arrays.stream(ManagementFactory.getRuntimeMXBean()
                                        .getClassPath()
                                        .split(File.pathSeparator))
                                .map(Path::of),
                        spec.extraClassPath().stream())
                .map(entry -> entry.toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(FLAGS);
        command.addAll(List.of("-cp", classPath, spec.mainClass()));
        return command;
    }

    /** Waits for all workers to end by themselves; returns false if some have not. */
    public boolean awaitExits(long timeoutMs) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        for (WorkerProcess process : processes) {
            if (!process.awaitExit(Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime())))) {
                return false;
            }
        }
        return true;
    }

    /** Kills what is left, and deletes the job's folder. */
    @Override
    public void close() {
        processes.forEach(WorkerProcess::kill);
        try {
            awaitExits(KILL_TIMEOUT_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        folder.close();
    }
}
