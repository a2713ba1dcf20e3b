package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.HostDiscovery;
import io.kolo.executor.JobListener;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Workers are launched where a discovery script has room for them, and some beyond those that train. */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CapacitySystemTest {
    @TempDir
    private Path folder;

    private final List<String> news = new CopyOnWriteArrayList<>();
    private final List<List<Integer>> generations = new CopyOnWriteArrayList<>();

    private final JobListener listener = new JobListener() {
        @Override
        public void onNews(String line) {
            System.out.println(line);
            news.add(line);
        }

        @Override
        public void onGeneration(int generation, List<Integer> workers, long step) {
            generations.add(workers);
            JobListener.super.onGeneration(generation, workers, step);
        }
    };

    /** In one go: the script must not read half of it. */
    private void hosts(String... lines) throws IOException {
        Path next = Files.write(folder.resolve("next"), List.of(lines));
        Files.move(next, folder.resolve("hosts"), StandardCopyOption.ATOMIC_MOVE);
    }

    private CompletableFuture<?> train(ElasticRayExecutor executor) {
        return ElasticTraining.start(executor, Batch.OF_ALL, folder.resolve("go"), (w, batch) -> {});
    }

    private void finish(CompletableFuture<?> run) throws Exception {
        Files.createFile(folder.resolve("go"));
        run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
    }

    private boolean hasHeard(String part) {
        return news.stream().anyMatch(line -> line.contains(part));
    }

    @Test
    void shouldFollowTheHostsThatADiscoveryScriptNames() throws Exception {
        Path script = Files.writeString(folder.resolve("discover"), "#!/bin/sh\ncat " + folder + "/hosts\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        hosts("a:1");
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(1)
                .maxWorkers(2)
                .hostDiscovery(HostDiscovery.script(script))
                .jvmArg(Runs.QUICK_START)
                .listener(listener)
                .build()) {
            CompletableFuture<?> run = train(executor);
            Runs.await("the worker on a", () -> executor.members().equals(List.of(0)), run);
            hosts("a:1", "b:2");
            Runs.await("one on b", () -> executor.members().equals(List.of(0, 1)), run);
            Files.delete(folder.resolve("hosts"));
            Runs.await("a failure of the script", () -> hasHeard("host discovery fails, and the hosts stay"), run);
            assertEquals(List.of(0, 1), executor.members());
            hosts("b:2");
            Runs.await("the departure of the one on a", () -> executor.members().equals(List.of(1, 2)), run);
            finish(run);
        }
        assertTrue(hasHeard("kolo: hosts a:1, b:2"), news.toString());
        assertTrue(hasHeard("worker 0 is to leave: its host has no room for it any more"), news.toString());
    }

    @Test
    void shouldSayThatDiscoveryHasTooFewHosts() {
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(2)
                .maxWorkers(2)
                .startTimeout(Duration.ofSeconds(3))
                .hostDiscovery(Map::of)
                .listener(listener)
                .build()) {
            IllegalStateException error = assertThrows(IllegalStateException.class, executor::start);
            assertTrue(error.toString().contains("0 of at least 2; host discovery knows no host"), error.toString());
        }
    }

    @Test
    void shouldHaveASpareTakeThePlaceOfOneThatIsLost() throws Exception {
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(2)
                .maxWorkers(2)
                .spares(1)
                .jvmArg(Runs.QUICK_START)
                .listener(listener)
                .build()) {
            CompletableFuture<?> run = train(executor);
            Runs.await("two members", () -> executor.members().size() == 2, run);
            int third =
                    3 - executor.members().stream().mapToInt(Integer::intValue).sum();
            assertEquals(1, generations.size(), "a spare disturbs nobody");
            int victim = executor.members().getLast();
            executor.kill(victim);
            Runs.await("recovery", () -> !executor.members().contains(victim), run);
            assertTrue(executor.members().contains(third), "the spare, in the same generation: " + generations);
            finish(run);
        }
    }
}
