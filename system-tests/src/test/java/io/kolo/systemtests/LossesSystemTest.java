package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobGivenUpException;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Several real workers that are lost at once, one more than may be, and one that returns. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LossesSystemTest {
    @TempDir
    private Path folder;

    private ElasticHarness job;

    @BeforeEach
    void prepare() {
        job = new ElasticHarness(folder);
    }

    @Test
    void shouldTrainOnWithoutHalfOfTheWorkersAndWithoutAllButOne(SplittableRandom random) throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 4).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("four members", () -> executor.members().size() == 4, run);
            job.awaitSteps(run);
            List<Integer> workers = new ArrayList<>(executor.members());
            Collections.shuffle(workers, random);
            job.watch();
            lose(executor, workers.subList(0, 2), run);
            job.report("half of the workers killed at once");
            Runs.await("joiners", () -> executor.members().size() >= 3, run);
            job.awaitSteps(run); // until then it may be only two that have the state
            List<Integer> more = new ArrayList<>(executor.members());
            Collections.shuffle(more, random);
            job.watch();
            lose(executor, more.subList(1, more.size()), run);
            job.report("all but one killed at once");
            job.assertEqualToTheOracle(Batch.OF_ALL, job.finish(run));
        }
    }

    /** Kills workers at once, and waits until the others train on. */
    private void lose(ElasticRayExecutor executor, List<Integer> victims, CompletableFuture<?> run) {
        victims.forEach(executor::kill);
        Runs.await("recovery", () -> Collections.disjoint(executor.members(), victims), run);
        job.awaitSteps(run);
    }

    @Test
    void shouldGiveUpAfterMoreLossesThanItMayHave() throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 2).resetLimit(0).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("two members", () -> executor.members().size() == 2, run);
            executor.kill(1);
            JobGivenUpException error = assertInstanceOf(JobGivenUpException.class, Runs.failure(run));
            assertTrue(error.toString().contains("the reset limit is 0"), error.toString());
        }
    }

    /** As one that a cluster does not reach, so that it is not ended. */
    @Test
    void shouldComeToNoHarmByOneThatWakesUpAfterItWasThrownOut() throws Exception {
        try (ElasticRayExecutor executor =
                job.builder(1, 2).address(MistakenEngineProvider.OF_WORKER).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("progress of both", () -> job.pids.size() == 2, run);
            long stopped = job.pids.get(executor.members().indexOf(0));
            job.watch();
            Runs.signal("-STOP", stopped);
            Runs.await("eviction", () -> !executor.members().contains(0), run);
            job.awaitSteps(run);
            job.report("one stopped for ever");
            Runs.await("another in its place", () -> executor.members().size() == 2, run);
            assertTrue(ProcessHandle.of(stopped).isPresent(), "it is still there");
            List<Integer> members = executor.members();
            Runs.signal("-CONT", stopped);
            Runs.await("its end", () -> ProcessHandle.of(stopped).isEmpty(), run);
            job.awaitSteps(run);
            assertEquals(members, executor.members(), "nobody was disturbed");
            job.assertEqualToTheOracle(Batch.OF_ALL, job.finish(run));
        }
    }
}
