package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kolo.checkpoint.Ledger;
import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
    static final RayCluster CLUSTER = RayCluster.of(RayCluster.VERSION, 3);

    @TempDir
    private Path folder;

    private final AtomicLong step = new AtomicLong();

    @Test
    void shouldTrainOnWhenANodeGoesAndWhenAnotherComes() throws Exception {
        JobListener listener = new JobListener() {
            @Override
            public void onGeneration(int generation, List<Integer> workers, long after) {
                System.out.println("generation " + generation + " " + workers + " after step " + after);
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
            Files.createFile(Path.of(flag));
            assertEqualToTheOracle(run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS));
        }
    }

    private void assertEqualToTheOracle(List<NavigableMap<Long, Integer>> results) throws IOException {
        Path journal;
        try (Stream<Path> files = Files.walk(folder.resolve("logs"))) {
            journal =
                    files.filter(file -> file.endsWith("journal-1")).findFirst().orElseThrow();
        }
        NavigableMap<Long, Integer> ledger = Ledger.read(journal).sizes();
        Set<Integer> inLedger = new HashSet<>(ledger.values());
        assertEquals(Set.of(2, 3), inLedger, "rings of two and of three have trained: " + ledger);
        NavigableMap<Long, Integer> digests = ElasticTraining.oracle(Batch.OF_ALL, ledger, ElasticTraining.EPOCHS);
        for (NavigableMap<Long, Integer> result : results) {
            result.forEach((number, digest) ->
                    assertEquals(digests.get(number), digest, () -> "what the ledger says, after step " + number));
            assertEquals(digests.lastKey(), result.lastKey(), "the last step");
        }
    }
}
