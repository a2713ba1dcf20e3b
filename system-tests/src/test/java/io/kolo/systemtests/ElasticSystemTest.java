package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.dl4j.DistributedNetwork;
import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobGivenUpException;
import io.kolo.executor.WorkerFailedException;
import io.kolo.executor.WorkerLostException;
import io.kolo.executor.Workers;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Real workers that are killed, stopped, hang and leave, while a network with dropout is trained on. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ElasticSystemTest {
    @TempDir
    private Path folder;

    private ElasticHarness job;

    @BeforeEach
    void prepare() {
        job = new ElasticHarness(folder);
    }

    @Test
    void shouldTrainOnWhileTheCoordinatorIsKilledAndAWorkerRightAfterIt(SplittableRandom random) throws Exception {
        try (ElasticRayExecutor executor = job.builder(2, 3).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_EACH_WORKER, (worker, batch) -> {});
            Runs.await("three members", () -> executor.members().size() == 3, run);
            int generations = job.generations.get();
            executor.killCoordinator();
            job.awaitSteps(run); // without it
            assertEquals(generations, job.generations.get(), "nobody was disturbed");
            executor.killCoordinator();
            int victim = executor.members().get(random.nextInt(3));
            executor.kill(victim);
            Runs.await("recovery", () -> !executor.members().contains(victim), run);
            Runs.await("joiner", () -> executor.members().size() == 3, run);
            job.assertEqualToTheOracle(Batch.OF_EACH_WORKER, job.finish(run));
        }
    }

    @Test
    void shouldReplaceACoordinatorThatIsStopped() throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("two members", () -> executor.members().size() == 2, run);
            long stopped = coordinator().findFirst().orElseThrow();
            Runs.signal("-STOP", stopped);
            Runs.await("another coordinator", () -> coordinator().anyMatch(pid -> pid != stopped), run);
            int leaving = executor.members().get(0);
            executor.drain(leaving);
            Runs.await("departure", () -> !executor.members().contains(leaving), run);
            assertEquals(0, coordinator().filter(pid -> pid == stopped).count(), "it was ended");
            job.assertEqualToTheOracle(Batch.OF_ALL, job.finish(run));
        }
    }

    @Test
    void shouldHeedTheSecondOfTwoCoordinators() throws Exception {
        try (ElasticRayExecutor executor =
                job.builder(1, 2).address(MistakenEngineProvider.OF_COORDINATOR).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("two members", () -> executor.members().size() == 2, run);
            long first = coordinator().findFirst().orElseThrow();
            Runs.signal("-STOP", first);
            int leaving = executor.members().get(0);
            Runs.await("a second coordinator", () -> coordinator().count() == 2, run);
            executor.drain(leaving);
            Runs.await("a departure", () -> !executor.members().contains(leaving), run);
            Runs.signal("-CONT", first);
            Runs.await("end of the first", () -> coordinator().noneMatch(pid -> pid == first), run);
            assertEquals(List.of(), job.lost, "it has done no harm");
            Runs.await("two members again", () -> executor.members().size() == 2, run);
            job.assertEqualToTheOracle(Batch.OF_ALL, job.finish(run));
        }
    }

    private static LongStream coordinator() {
        return ProcessHandle.current().children().mapToLong(ProcessHandle::pid).filter(ElasticSystemTest::coordinates);
    }

    private static boolean coordinates(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline")).contains("CoordinatorMain");
        } catch (IOException e) {
            return false; // gone
        }
    }

    @Test
    void shouldGiveUpOnACoordinatorThatDiesAgainAndAgain() throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 1).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("a member", () -> executor.members().size() == 1, run);
            Set<Long> killed = new HashSet<>();
            while (!run.isDone()) {
                coordinator()
                        .filter(killed::add)
                        .mapToObj(ProcessHandle::of)
                        .forEach(own -> own.ifPresent(ProcessHandle::destroyForcibly));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
            JobGivenUpException error = assertInstanceOf(JobGivenUpException.class, Runs.failure(run));
            assertTrue(error.toString().contains("the coordinator has ended 5 times in a row"), error.toString());
        }
    }

    @Test
    void shouldComeToTheOraclesBitsThroughTwoKillsTwoJoinsAndADeparture(SplittableRandom random) throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 3).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("three members", () -> executor.members().size() == 3, run);
            job.awaitSteps(run);
            List<Integer> workers = new ArrayList<>(executor.members());
            Collections.shuffle(workers, random);
            List<Integer> victims = workers.subList(0, 2);
            job.watch();
            executor.kill(victims.get(0));
            Runs.await("the news", () -> job.gone.contains(victims.get(0)), run);
            executor.kill(victims.get(1));
            Runs.await("recovery", () -> Collections.disjoint(executor.members(), victims), run);
            job.awaitSteps(run);
            job.report("one killed, and another one when that was known");
            Runs.await("joiners", () -> executor.members().size() == 3, run);
            assertTrue(job.joined.containsAll(executor.members()), job.joined.toString());
            int leaving = executor.members().get(random.nextInt(3));
            int before = job.generations.get();
            executor.drain(leaving);
            Runs.await("departure", () -> !executor.members().contains(leaving), run);
            List<NavigableMap<Long, Integer>> results = job.finish(run);
            assertTrue(job.generations.get() > before);
            assertEquals(2, job.lost.size(), job.lost.toString());
            assertTrue(job.lost.getFirst().contains("was killed by signal 9"), job.lost.toString());
            job.assertEqualToTheOracle(Batch.OF_ALL, results);
        }
    }

    @Test
    void shouldWaitForOneThatIsStoppedForASecondAndGoOnWithoutOneThatIsStoppedForEver() throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("two members", () -> executor.members().size() == 2, run);
            Runs.await("progress of both", () -> job.pids.size() == 2, run);
            int stopped = executor.members().get(1);
            int generations = job.generations.get();
            Runs.signal("-STOP", job.pids.get(1));
            Thread.sleep(1000); // for how long is what is tested
            Runs.signal("-CONT", job.pids.get(1));
            job.awaitSteps(run);
            assertEquals(generations, job.generations.get(), "it was waited for");
            job.watch();
            Runs.signal("-STOP", job.pids.get(1));
            Runs.await("eviction", () -> !executor.members().contains(stopped), run);
            job.awaitSteps(run);
            job.report("one stopped for ever");
            job.assertEqualToTheOracle(Batch.OF_ALL, job.finish(run));
        }
    }

    @Test
    void shouldGoOnWithoutOneWhoseCodeHangs() throws Exception {
        try (ElasticRayExecutor executor =
                job.builder(1, 2).collectiveTimeout(Duration.ofSeconds(4)).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {
                        if (batch == 30 && worker.rank() == 1 && worker.size() == 2 && worker.generation() <= 2) {
                            LockSupport.parkNanos(TimeUnit.HOURS.toNanos(1));
                        }
                    });
            Runs.await("two members", () -> executor.members().size() == 2, run);
            int hanging = executor.members().get(1);
            job.watch();
            Runs.await("eviction", () -> !executor.members().contains(hanging), run);
            job.awaitSteps(run);
            job.report("one whose code hangs, with a collective timeout of 4 s");
            job.assertEqualToTheOracle(Batch.OF_ALL, job.finish(run));
        }
    }

    @Test
    void shouldSayThatTheStateIsLostWhenAllMembersAre() throws Exception {
        try (ElasticRayExecutor executor = job.builder(2, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("progress of both", () -> job.pids.size() == 2, run);
            executor.members().forEach(executor::kill);
            JobGivenUpException error = assertInstanceOf(JobGivenUpException.class, Runs.failure(run));
            assertTrue(error.toString().contains("all workers that held the training's state are lost"));
        }
    }

    @Test
    void shouldFailWithWhatTheUsersCodeThrows() throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, Batch.OF_ALL, (worker, batch) -> {
                        if (batch == 10) {
                            throw new IllegalStateException("no such sample");
                        }
                    });
            WorkerFailedException error = assertInstanceOf(WorkerFailedException.class, Runs.failure(run));
            assertTrue(error.toString().contains("no such sample"), error.toString());
        }
    }

    @Test
    void shouldRunAFunctionThatDoesNotTrainOnAllWorkersAndASecondTrainingAfterTheFirst() throws IOException {
        Files.createFile(folder.resolve("go"));
        String flag = folder.resolve("go").toString();
        try (ElasticRayExecutor executor = job.builder(2, 2).build()) {
            executor.start();
            List<Long> pids = executor.run(worker -> ProcessHandle.current().pid());
            assertEquals(2, new ArrayList<>(pids).stream().distinct().count(), pids.toString());
            NavigableMap<Long, Integer> first = executor.run(
                            worker -> ElasticTraining.train(worker, Batch.OF_ALL, flag, (w, b) -> {}))
                    .getFirst();
            NavigableMap<Long, Integer> second = executor.run(
                            worker -> ElasticTraining.train(worker, Batch.OF_ALL, flag, (w, b) -> {}))
                    .getFirst();
            assertEquals(first, second);
            assertThrows(IllegalArgumentException.class, () -> executor.run(worker -> job));
            WorkerFailedException refused = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> DistributedNetwork.of(ElasticTraining.network(), worker)
                            .fit(new ListDataSetIterator<>(List.of(ElasticTraining.batch(new int[] {1}))), 1)
                            .samples()));
            assertTrue(refused.toString().contains("can't be dealt again"), refused.toString());
        }
    }

    @Test
    void shouldHaveOneLeaveBeforeTheNextTrainingThatWasToldToAfterTheLastStep() throws Exception {
        Files.createFile(folder.resolve("go"));
        String flag = folder.resolve("go").toString();
        String end = folder.resolve("end").toString();
        String trained = folder.resolve("trained").toString();
        try (ElasticRayExecutor executor = job.builder(1, 2).build()) {
            executor.start();
            CompletableFuture<List<Integer>> first = CompletableFuture.supplyAsync(() -> executor.run(worker -> {
                int steps = ElasticTraining.train(worker, Batch.OF_ALL, flag, (w, b) -> {})
                        .size();
                Files.createFile(Path.of(trained + worker.rank()));
                while (!Files.exists(Path.of(end))) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
                }
                return steps;
            }));
            Runs.await(
                    "the last step",
                    () -> files("trained") == executor.members().size(),
                    first);
            executor.drain(0);
            Runs.await("the news", () -> job.draining.contains(0), first);
            Files.createFile(Path.of(end));
            first.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
            var unused = executor.run(worker -> ElasticTraining.train(worker, Batch.OF_ALL, flag, (w, b) -> {}));
            assertFalse(executor.members().contains(0), executor.members().toString());
        }
    }

    private long files(String prefix) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Kept on a worker from call to call. */
    private static final class Counter {
        private int calls;

        int call() {
            return ++calls;
        }
    }

    @Test
    void shouldKeepObjectsOnWorkersAndFailACallOfOneThatIsLost() throws Exception {
        try (ElasticRayExecutor executor = job.builder(1, 2).build()) {
            Workers<Counter> workers = executor.start(Counter::new);
            assertEquals(1, workers.executeSingle(Counter::call));
            assertEquals(2, workers.executeSingle(Counter::call));
            Runs.await("both", () -> workers.execute(Counter::call).size() == 2, new CompletableFuture<>());
            String flag = folder.resolve("called").toString();
            CompletableFuture<List<Integer>> call = CompletableFuture.supplyAsync(() -> workers.execute(counter -> {
                Files.createFile(Path.of(flag + ProcessHandle.current().pid()));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
                return counter.call();
            }));
            Runs.await("both in the call", () -> files("called") == 2, call);
            executor.kill(1);
            WorkerLostException error = assertInstanceOf(WorkerLostException.class, Runs.failure(call));
            assertTrue(error.toString().contains("before it had answered a call"), error.toString());
            Runs.await(
                    "another in its place",
                    () -> workers.execute(Counter::call).size() == 2,
                    new CompletableFuture<>());
            List<Integer> calls = workers.execute(Counter::call);
            assertTrue(calls.get(0) > calls.get(1), calls + ": the object of the second is a new one");
        }
    }
}
