package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import io.kolo.executor.engine.Engine;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Nodes of a Ray cluster go and come while a network is trained on. */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RayElasticSystemTest {
    @RegisterExtension
    static final RayCluster CLUSTER = RayCluster.of(RayCluster.VERSION, 3, RayCluster.Feature.LINKS);

    /** Samples of each rank in a step. */
    private static final int[] SHARDS = {6, 5, 4, 3};

    @TempDir
    private Path folder;

    private final News news = new News();

    /** What the job says of itself, and how long its steps keep its ranks waiting. */
    private static final class News implements JobListener {
        private final List<Integer> left = new CopyOnWriteArrayList<>();
        private long step;
        private long stepNs = System.nanoTime();
        private long longestNs;
        private volatile boolean coordinatorLost;

        @Override
        public void onCoordinatorLost(String reason) {
            coordinatorLost = true;
        }

        @Override
        public void onGeneration(int generation, List<Integer> workers, long after) {
            System.out.println("generation " + generation + " " + workers + " after step " + after);
        }

        @Override
        public void onDraining(int worker, String reason) {
            System.out.println("worker " + worker + " is to leave: " + reason);
            left.add(worker);
        }

        @Override
        public synchronized void onProgress(Progress progress) {
            if (progress.done() > step) {
                step = progress.done();
                long nowNs = System.nanoTime();
                longestNs = Math.max(longestNs, nowNs - stepNs);
                stepNs = nowNs;
            }
        }

        synchronized long step() {
            return step;
        }

        /** Prints the longest time from one step to the next since it was asked for last. */
        synchronized void printGap(String event) {
            System.out.printf("%s: a step ended %d ms after the one before%n", event, longestNs / 1_000_000);
            forgetGap();
        }

        synchronized void forgetGap() {
            longestNs = 0;
        }
    }

    private ElasticRayExecutor executor() {
        return RayCluster.marked(ElasticRayExecutor.builder()
                        .address(CLUSTER.address())
                        .minWorkers(1)
                        .maxWorkers(3)
                        .gpusPerWorker(2) // so that each has a node of its own
                        .cooldown(Duration.ofMillis(1))
                        .logFolder(folder.resolve("logs"))
                        .listener(news))
                .build();
    }

    /** Begins to train, and waits until all three do. */
    private CompletableFuture<List<NavigableMap<Long, Integer>>> train(ElasticRayExecutor executor) {
        CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                ElasticTraining.start(executor, Batch.OF_ALL, folder.resolve("go"), (trained, batch) -> {});
        Runs.await(
                "all three to train",
                () -> news.step() > 0 && executor.members().size() == 3,
                run);
        news.forgetGap();
        awaitSteps(run);
        news.printGap("three nodes, and nothing else");
        return run;
    }

    private void awaitSteps(Future<?> run) {
        long then = news.step();
        Runs.await("steps", () -> news.step() > then + 3, run);
    }

    /** Lets the rest be fast, and checks it. Returns the sizes of the rings that have trained. */
    private Set<Integer> finish(CompletableFuture<List<NavigableMap<Long, Integer>>> run) throws Exception {
        Files.createFile(folder.resolve("go"));
        NavigableMap<Long, Integer> sizes = ElasticTraining.assertEqualToTheOracle(
                folder.resolve("logs"), Batch.OF_ALL, run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS));
        return Set.copyOf(sizes.values());
    }

    @Test
    void shouldTrainOnWhenANodeGoesAndWhenAnotherComes() throws Exception {
        try (ElasticRayExecutor executor = executor()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run = train(executor);
            CLUSTER.killNode(3);
            Runs.await("two to train on", () -> executor.members().size() == 2, run);
            awaitSteps(run);
            news.printGap("a node was killed");
            CLUSTER.startNode(3);
            Runs.await("another one to join", () -> executor.members().size() == 3, run);
            awaitSteps(run);
            news.printGap("a node has come");
            executor.killCoordinator();
            Runs.await("the news that the coordinator is gone", () -> news.coordinatorLost, run);
            awaitSteps(run);
            news.printGap("the coordinator was killed");
            int leftBefore = news.left.size(); // what is on a node that was killed may seem to leave
            CLUSTER.drainNode(2);
            Runs.await("a worker to leave", () -> executor.members().size() == 2, run);
            awaitSteps(run);
            news.printGap("a node is drained");
            assertEquals(leftBefore + 1, news.left.size(), () -> "who has left " + news.left);
            assertEquals(Set.of(2, 3), finish(run), "rings of two and of three have trained");
        } finally {
            CLUSTER.restore(2); // nothing is launched any more where it was drained
            CLUSTER.restore(3);
        }
    }

    @Test
    void shouldTrainOnWhenTheNetworkOfANodeIsCut() throws Exception {
        CLUSTER.assumeThatLinksCanBeCut();
        try (ElasticRayExecutor executor = executor()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run = train(executor);
            assertEquals(1, workersAt(3).count(), "workers on the node");
            long cutNs = System.nanoTime();
            CLUSTER.cutOff(3);
            Runs.await("two to train on", () -> executor.members().size() == 2, run);
            awaitSteps(run);
            news.printGap("a node was cut off");
            assertEquals(Set.of(2, 3), finish(run), "rings of two and of three have trained");
            Runs.await(
                    "the end of the worker there", () -> workersAt(3).findAny().isEmpty(), new CompletableFuture<>());
            System.out.printf(
                    "the worker on the node that was cut off has ended within %d ms%n",
                    (System.nanoTime() - cutNs) / 1_000_000);
        } finally {
            CLUSTER.restore(3);
        }
    }

    private static Stream<ProcessHandle> workersAt(int node) {
        String address = Engine.ADDRESS + "=" + CLUSTER.node(node);
        return ProcessHandle.allProcesses().filter(process -> {
            Path folder = Path.of("/proc", String.valueOf(process.pid()));
            try {
                return Files.readString(folder.resolve("cmdline")).contains("WorkerMain")
                        && List.of(Files.readString(folder.resolve("environ")).split("\0", -1))
                                .contains(address);
            } catch (IOException e) {
                return false; // it is gone
            }
        });
    }

    @Test
    void shouldLaunchOnANodeThatComesAndTrainToTheSameBitsAsTheLocalEngine() throws Exception {
        try (RayExecutor executor = RayCluster.marked(RayExecutor.builder()
                        .address(CLUSTER.address())
                        .workers(4)
                        .gpusPerWorker(2) // a node more than there are
                        .startTimeout(Runs.PATIENT))
                .build()) {
            CompletableFuture<List<String>> run = CompletableFuture.supplyAsync(() -> {
                executor.start();
                return executor.run(worker -> System.getenv(Engine.ADDRESS));
            });
            CLUSTER.startNode(4);
            long thereNs = System.nanoTime();
            List<String> nodes = run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
            System.out.printf("all had run %d ms after a node had come%n", (System.nanoTime() - thereNs) / 1_000_000);
            assertEquals(Set.of(CLUSTER.node(1), CLUSTER.node(2), CLUSTER.node(3), CLUSTER.node(4)), Set.copyOf(nodes));
            List<float[]> there = executor.run(RayElasticSystemTest::parameters);
            List<float[]> here = onThisMachine();
            for (int rank = 0; rank < SHARDS.length; rank++) {
                assertArrayEquals(here.get(rank), there.get(rank), "rank " + rank);
            }
        } finally {
            CLUSTER.killNode(4);
        }
    }

    private static List<float[]> onThisMachine() {
        try (RayExecutor local = Runs.quickStart()
                .address("local")
                .nodes("4x{cpu:4,gpu:2}")
                .workers(SHARDS.length)
                .gpusPerWorker(2)
                .build()) {
            local.start();
            return local.run(RayElasticSystemTest::parameters);
        }
    }

    private static float[] parameters(Worker worker) {
        return ParitySystemTest.trainTogether(worker, Networks.CNN_NESTEROV, SHARDS, 1);
    }
}
