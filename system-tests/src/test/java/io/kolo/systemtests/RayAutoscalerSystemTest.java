package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that has no GPU of its own: a job that waits for some is the request for the nodes that have them. */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RayAutoscalerSystemTest {
    @RegisterExtension
    static final RayCluster CLUSTER = RayCluster.of(RayCluster.VERSION, 1, RayCluster.Feature.AUTOSCALER);

    @TempDir
    private Path folder;

    @Test
    void shouldBringItsNodesAndLetThemGo() {
        assertEquals(1, CLUSTER.size());
        try (RayExecutor executor = RayCluster.marked(RayExecutor.builder()
                        .address(CLUSTER.address())
                        .workers(2)
                        .gpusPerWorker(1)
                        .startTimeout(Runs.PATIENT))
                .build()) {
            executor.start();
            assertEquals(List.of("0", "0"), executor.run(worker -> System.getenv("CUDA_VISIBLE_DEVICES")));
            assertTrue(CLUSTER.size() >= 3, "a node for each worker");
            assertEquals(List.of(0, 0), executor.run(Worker::localRank), "each is on a host of its own");
        }
    }

    @Test
    void shouldBringNodesForAnElasticJobWhileItRuns() throws Exception {
        try (ElasticRayExecutor executor = RayCluster.marked(ElasticRayExecutor.builder()
                        .address(CLUSTER.address())
                        .minWorkers(1)
                        .maxWorkers(2)
                        .gpusPerWorker(1)
                        .startTimeout(Runs.PATIENT))
                .build()) {
            Path flag = folder.resolve("go");
            CompletableFuture<?> run = ElasticTraining.start(executor, Batch.OF_ALL, flag, (trained, batch) -> {});
            Runs.await("both to train", () -> executor.members().size() == 2, run);
            assertTrue(CLUSTER.size() >= 3, "a node for each worker");
            Files.createFile(flag);
            var unused = run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @AfterEach
    void awaitThatTheyGo() {
        Runs.await("the nodes to go again", () -> CLUSTER.size() == 1, new CompletableFuture<>());
    }
}
