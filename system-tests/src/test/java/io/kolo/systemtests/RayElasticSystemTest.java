package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.engine.Engine;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
    static final RayCluster CLUSTER = RayCluster.of(RayCluster.VERSION, 3);

    @TempDir
    private Path folder;

    private final List<Integer> left = new CopyOnWriteArrayList<>();
    private final AtomicLong step = new AtomicLong();

    @Test
    void shouldTrainOnWhenANodeGoesAndWhenAnotherComes() throws Exception {
        JobListener listener = new JobListener() {
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
            public void onProgress(Progress progress) {
                step.set(progress.done());
            }
        };
        var builder = ElasticRayExecutor.builder()
                .address(RayCluster.address())
                .minWorkers(1)
                .maxWorkers(3)
                .gpusPerWorker(2) // so that each has a node of its own
                .cooldown(Duration.ofMillis(1))
                .logFolder(folder.resolve("logs"))
                .listener(listener);
        try (ElasticRayExecutor executor = RayCluster.marked(builder).build()) {
            executor.start();
            String flag = folder.resolve("go").toString();
            CompletableFuture<List<NavigableMap<Long, Integer>>> run = CompletableFuture.supplyAsync(() ->
                    executor.run(worker -> ElasticTraining.train(worker, Batch.OF_ALL, flag, (trained, batch) -> {})));
            Runs.await(
                    "all three to train",
                    () -> step.get() > 0 && executor.members().size() == 3,
                    run);
            CLUSTER.killNode(3);
            Runs.await("two to train on", () -> executor.members().size() == 2, run);
            long then = step.get();
            Runs.await("another step", () -> step.get() > then, run);
            CLUSTER.startNode(3);
            Runs.await("another one to join", () -> executor.members().size() == 3, run);
            int leftBefore = left.size(); // what is on a node that was killed may seem to leave
            CLUSTER.drainNode(2);
            Runs.await("a worker to leave", () -> executor.members().size() == 2, run);
            assertEquals(leftBefore + 1, left.size(), () -> "who has left " + left);
            Files.createFile(Path.of(flag));
            NavigableMap<Long, Integer> sizes = ElasticTraining.assertEqualToTheOracle(
                    folder.resolve("logs"), Batch.OF_ALL, run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS));
            assertEquals(Set.of(2, 3), Set.copyOf(sizes.values()), "rings of two and of three have trained");
        } finally { // nothing is launched any more where it was drained
            CLUSTER.endNode(2);
            CLUSTER.startNode(2);
        }
    }

    @Test
    void shouldLaunchOnANodeThatComes() throws Exception {
        try (RayExecutor executor = RayCluster.marked(RayExecutor.builder()
                        .address(RayCluster.address())
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
            assertEquals(
                    Set.of(RayCluster.node(1), RayCluster.node(2), RayCluster.node(3), RayCluster.node(4)),
                    Set.copyOf(nodes));
        } finally {
            CLUSTER.killNode(4);
        }
    }
}
