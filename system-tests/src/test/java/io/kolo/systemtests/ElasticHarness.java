package io.kolo.systemtests;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.ElasticRayExecutorBuilder;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.systemtests.ElasticTraining.Hook;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** An elastic job that trains until a test has done with it what it has in store, and what it says of itself. */
final class ElasticHarness implements JobListener {
    final AtomicInteger generations = new AtomicInteger();
    final List<Integer> joined = new CopyOnWriteArrayList<>();
    final List<Integer> draining = new CopyOnWriteArrayList<>();
    final List<Integer> gone = new CopyOnWriteArrayList<>();
    final List<String> lost = new CopyOnWriteArrayList<>();
    final Map<Integer, Long> pids = new ConcurrentHashMap<>();
    final AtomicLong step = new AtomicLong();
    private final Path folder;
    private final AtomicLong longestGapNs = new AtomicLong();
    private volatile long steppedNs;

    /** A harness of one job that has a folder for itself. */
    ElasticHarness(Path folder) {
        this.folder = folder;
    }

    @Override
    public void onGeneration(int generation, List<Integer> workers, long step) {
        System.out.println("generation " + generation + " " + workers + " after step " + step);
        generations.incrementAndGet();
    }

    @Override
    public void onJoined(int worker) {
        joined.add(worker);
    }

    @Override
    public void onDraining(int worker, String reason) {
        draining.add(worker);
    }

    @Override
    public void onGone(int worker) {
        gone.add(worker);
    }

    @Override
    public void onLost(int worker, String reason) {
        lost.add(worker + " " + reason);
    }

    @Override
    public void onProgress(Progress progress) {
        pids.put(progress.rank(), progress.metrics().get("pid").longValue());
        if (step.getAndUpdate(last -> Math.max(last, progress.done())) < progress.done()) {
            long nowNs = System.nanoTime();
            longestGapNs.accumulateAndGet(nowNs - steppedNs, Math::max);
            steppedNs = nowNs;
        }
    }

    /** Waits until it trains on. */
    void awaitSteps(Future<?> run) {
        long before = step.get();
        Runs.await("more steps", () -> step.get() > before + 5, run);
    }

    /** From here on the longest time between two steps counts. */
    void watch() {
        steppedNs = System.nanoTime();
        longestGapNs.set(0);
    }

    /** Prints the longest time between two steps since {@link #watch}. */
    void report(String what) {
        System.out.printf("%s: at most %d ms between two steps%n", what, longestGapNs.get() / 1_000_000);
    }

    ElasticRayExecutorBuilder builder(int least, int most) {
        return ElasticRayExecutor.builder()
                .minWorkers(least)
                .maxWorkers(most)
                .cooldown(Duration.ofMillis(1))
                .jvmArg(Runs.QUICK_START)
                .logFolder(folder.resolve("logs"))
                .listener(this);
    }

    CompletableFuture<List<NavigableMap<Long, Integer>>> start(ElasticRayExecutor executor, Batch whose, Hook hook) {
        return ElasticTraining.start(executor, whose, folder.resolve("go"), hook);
    }

    /** The rest may be fast. */
    List<NavigableMap<Long, Integer>> finish(CompletableFuture<List<NavigableMap<Long, Integer>>> run)
            throws Exception {
        Files.createFile(folder.resolve("go"));
        return run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
    }

    void assertEqualToTheOracle(Batch whose, List<NavigableMap<Long, Integer>> results) throws IOException {
        var unused = ElasticTraining.assertEqualToTheOracle(folder.resolve("logs"), whose, results);
    }
}
