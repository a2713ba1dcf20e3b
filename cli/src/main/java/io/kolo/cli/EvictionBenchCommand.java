package io.kolo.cli;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.perf.RecoveryBenchmark;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kolo bench evictions}. */
@Command(
        name = "evictions",
        description =
                "Trains beside busy threads, and counts who is taken for lost though nobody is. Fails if anybody is.",
        mixinStandardHelpOptions = true)
final class EvictionBenchCommand implements Runnable {
    private static final long MODEL_BYTES = 1 << 20;
    private static final long STEP_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final RecoveryBenchmark.Options ENDLESS =
            new RecoveryBenchmark.Options(Long.MAX_VALUE, STEP_NS, MODEL_BYTES, null);

    @Option(
            names = {"-n", "--workers"},
            paramLabel = "N",
            defaultValue = "3",
            description = "(default: ${DEFAULT-VALUE}).")
    private int workers;

    @Option(
            names = "--busy",
            paramLabel = "N",
            defaultValue = "6",
            description = "Threads that do nothing but take the cores (default: ${DEFAULT-VALUE}).")
    private int busy;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            defaultValue = "30m",
            converter = Durations.class,
            description = "(default: ${DEFAULT-VALUE}).")
    private Duration time = Duration.ZERO;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    private final List<String> evictions = new CopyOnWriteArrayList<>();
    private final AtomicInteger generations = new AtomicInteger();
    private final AtomicLong steps = new AtomicLong();
    private volatile boolean over;

    @Override
    public void run() {
        if (workers < 2 || busy < 0) {
            throw new ParameterException(
                    spec.commandLine(), "give at least 2 workers, and no less than 0 busy threads");
        }
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(workers)
                .maxWorkers(workers)
                .listener(new Watch())
                .build()) {
            executor.start();
            for (int i = 0; i < busy; i++) {
                Thread.ofPlatform().daemon().name("kolo-busy").start(this::keepBusy);
            }
            CompletableFuture<?> training =
                    CompletableFuture.runAsync(() -> executor.run(worker -> RecoveryBenchmark.run(worker, ENDLESS)));
            await(training);
        } finally {
            over = true;
        }
        report();
    }

    private void keepBusy() {
        while (!over) {
            Thread.onSpinWait();
        }
    }

    /** Waits for the time, or for the training's failure. */
    private void await(CompletableFuture<?> training) {
        try {
            training.get(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            over = true; // from here on who goes is not evicted
        } catch (ExecutionException e) {
            throw new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
    }

    private void report() {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "%d workers and %d busy threads on %d cores, %d s: %d steps, %d generation(s), %d false evictions%n",
                workers,
                busy,
                Runtime.getRuntime().availableProcessors(),
                time.toSeconds(),
                steps.get(),
                generations.get(),
                evictions.size());
        out.flush();
        if (!evictions.isEmpty()) {
            throw new IllegalStateException("evicted, though nobody was to go: " + evictions);
        }
    }

    private final class Watch implements JobListener {
        @Override
        public void onGeneration(int generation, List<Integer> members, long after) {
            generations.incrementAndGet();
        }

        @Override
        public void onLost(int worker, String reason) {
            if (!over) {
                evictions.add("worker " + worker + ": " + reason);
            }
        }

        @Override
        public void onCoordinatorLost(String reason) {
            if (!over) {
                evictions.add("the coordinator: " + reason);
            }
        }

        @Override
        public void onProgress(Progress progress) {
            steps.set(progress.done());
        }
    }
}
