package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.ElasticRayExecutorBuilder;
import io.kolo.executor.JobGivenUpException;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.executor.WorkerFailedException;
import io.kolo.executor.WorkerLostException;
import io.kolo.executor.Workers;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.systemtests.ElasticTraining.Hook;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Real workers that are killed, stopped, hang and leave, while a network with dropout is trained on. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ElasticSystemTest {

    /** There is time for what a test has in store: until then each step takes a while. */
    @TempDir
    private Path folder;

    private final News news = new News();

    /** What the job says of itself. */
    private static final class News implements JobListener {
        private final AtomicInteger generations = new AtomicInteger();
        private final List<String> lost = new CopyOnWriteArrayList<>();
        private final Map<Integer, Long> pids = new ConcurrentHashMap<>();
        private final AtomicLong step = new AtomicLong();

        @Override
        public void onGeneration(int generation, List<Integer> workers, long step) {
            System.out.println("generation " + generation + " " + workers + " after step " + step);
            generations.incrementAndGet();
        }

        @Override
        public void onLost(int worker, String reason) {
            lost.add(worker + " " + reason);
        }

        @Override
        public void onProgress(Progress progress) {
            step.set(progress.done());
            pids.put(progress.rank(), progress.metrics().get("pid").longValue());
        }
    }

    private CompletableFuture<List<NavigableMap<Long, Integer>>> start(
            ElasticRayExecutor executor, Batch whose, Hook hook) {
        return ElasticTraining.start(executor, whose, folder.resolve("go"), hook);
    }

    /** The rest may be fast. */
    private List<NavigableMap<Long, Integer>> finish(CompletableFuture<List<NavigableMap<Long, Integer>>> run)
            throws Exception {
        Files.createFile(folder.resolve("go"));
        return run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
    }

    private ElasticRayExecutorBuilder builder(int least, int most) {
        return ElasticRayExecutor.builder()
                .minWorkers(least)
                .maxWorkers(most)
                .cooldown(Duration.ofMillis(1))
                .logFolder(folder.resolve("logs"))
                .listener(news);
    }

    private void assertEqualToTheOracle(Batch whose, List<NavigableMap<Long, Integer>> results) throws IOException {
        var unused = ElasticTraining.assertEqualToTheOracle(folder.resolve("logs"), whose, results);
    }

    @Test
    void shouldTrainOnWhileTheCoordinatorIsKilledAndAWorkerRightAfterIt(SplittableRandom random) throws Exception {
        try (ElasticRayExecutor executor = builder(2, 3).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_EACH_WORKER, (worker, batch) -> {});
            Runs.await("three members", () -> executor.members().size() == 3, run);
            int generations = news.generations.get();
            executor.killCoordinator();
            long step = news.step.get();
            Runs.await("steps without a coordinator", () -> news.step.get() > step + 5, run);
            assertEquals(generations, news.generations.get(), "nobody was disturbed");
            executor.killCoordinator();
            int victim = executor.members().get(random.nextInt(3));
            executor.kill(victim);
            Runs.await("recovery", () -> !executor.members().contains(victim), run);
            Runs.await("joiner", () -> executor.members().size() == 3, run);
            assertEqualToTheOracle(Batch.OF_EACH_WORKER, finish(run));
        }
    }

    @Test
    void shouldReplaceACoordinatorThatIsStopped() throws Exception {
        try (ElasticRayExecutor executor = builder(1, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("two members", () -> executor.members().size() == 2, run);
            long stopped = coordinator().findFirst().orElseThrow();
            Runs.signal("-STOP", stopped);
            Runs.await("another coordinator", () -> coordinator().anyMatch(pid -> pid != stopped), run);
            int leaving = executor.members().get(0);
            executor.drain(leaving);
            Runs.await("departure", () -> !executor.members().contains(leaving), run);
            assertEquals(0, coordinator().filter(pid -> pid == stopped).count(), "it was ended");
            assertEqualToTheOracle(Batch.OF_ALL, finish(run));
        }
    }

    @Test
    void shouldHeedTheSecondOfTwoCoordinators() throws Exception {
        try (ElasticRayExecutor executor =
                builder(1, 2).address(MistakenEngineProvider.ADDRESS).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("two members", () -> executor.members().size() == 2, run);
            long first = coordinator().findFirst().orElseThrow();
            Runs.signal("-STOP", first);
            int leaving = executor.members().get(0);
            Runs.await("a second coordinator", () -> coordinator().count() == 2, run);
            executor.drain(leaving);
            Runs.await("a departure", () -> !executor.members().contains(leaving), run);
            Runs.signal("-CONT", first);
            Runs.await("end of the first", () -> coordinator().noneMatch(pid -> pid == first), run);
            assertEquals(List.of(), news.lost, "it has done no harm");
            Runs.await("two members again", () -> executor.members().size() == 2, run);
            assertEqualToTheOracle(Batch.OF_ALL, finish(run));
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
        try (ElasticRayExecutor executor = builder(1, 1).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("a member", () -> executor.members().size() == 1, run);
            Set<Long> killed = new HashSet<>();
            while (!run.isDone()) {
                coordinator()
                        .filter(killed::add)
                        .mapToObj(ProcessHandle::of)
                        .forEach(own -> own.ifPresent(ProcessHandle::destroyForcibly));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
            JobGivenUpException error = assertInstanceOf(JobGivenUpException.class, failure(run));
            assertTrue(error.toString().contains("the coordinator has ended 5 times in a row"), error.toString());
        }
    }

    @Test
    void shouldComeToTheOraclesBitsThroughAKillAJoinAndADeparture(SplittableRandom random) throws Exception {
        try (ElasticRayExecutor executor = builder(2, 3).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("three members", () -> executor.members().size() == 3, run);
            int victim = executor.members().get(random.nextInt(3));
            executor.kill(victim);
            Runs.await("recovery", () -> !executor.members().contains(victim), run);
            Runs.await("joiner", () -> executor.members().size() == 3, run);
            int leaving = executor.members().get(random.nextInt(3));
            int before = news.generations.get();
            executor.drain(leaving);
            Runs.await("departure", () -> !executor.members().contains(leaving), run);
            List<NavigableMap<Long, Integer>> results = finish(run);
            assertTrue(news.generations.get() > before);
            assertEquals(1, news.lost.size(), news.lost.toString());
            assertTrue(news.lost.getFirst().contains("was killed by signal 9"), news.lost.toString());
            assertEqualToTheOracle(Batch.OF_ALL, results);
        }
    }

    @Test
    void shouldWaitForOneThatIsStoppedForASecondAndGoOnWithoutOneThatIsStoppedForEver() throws Exception {
        try (ElasticRayExecutor executor = builder(1, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("two members", () -> executor.members().size() == 2, run);
            Runs.await("progress of both", () -> news.pids.size() == 2, run);
            int stopped = executor.members().get(1);
            int generations = news.generations.get();
            Runs.signal("-STOP", news.pids.get(1));
            Thread.sleep(1000); // for how long is what is tested
            Runs.signal("-CONT", news.pids.get(1));
            long step = news.step.get();
            Runs.await("more steps", () -> news.step.get() > step + 5, run);
            assertEquals(generations, news.generations.get(), "it was waited for");
            Runs.signal("-STOP", news.pids.get(1));
            Runs.await("eviction", () -> !executor.members().contains(stopped), run);
            assertEqualToTheOracle(Batch.OF_ALL, finish(run));
        }
    }

    @Test
    void shouldGoOnWithoutOneWhoseCodeHangs() throws Exception {
        try (ElasticRayExecutor executor =
                builder(1, 2).collectiveTimeout(Duration.ofSeconds(2)).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {
                        if (batch == 30 && worker.rank() == 1 && worker.size() == 2 && worker.generation() <= 2) {
                            LockSupport.parkNanos(TimeUnit.HOURS.toNanos(1));
                        }
                    });
            Runs.await("two members", () -> executor.members().size() == 2, run);
            int hanging = executor.members().get(1);
            Runs.await("eviction", () -> !executor.members().contains(hanging), run);
            assertEqualToTheOracle(Batch.OF_ALL, finish(run));
        }
    }

    @Test
    void shouldSayThatTheStateIsLostWhenAllMembersAre() throws Exception {
        try (ElasticRayExecutor executor = builder(2, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {});
            Runs.await("progress of both", () -> news.pids.size() == 2, run);
            executor.members().forEach(executor::kill);
            JobGivenUpException error = assertInstanceOf(JobGivenUpException.class, failure(run));
            assertTrue(error.toString().contains("all workers that held the training's state are lost"));
        }
    }

    @Test
    void shouldFailWithWhatTheUsersCodeThrows() throws Exception {
        try (ElasticRayExecutor executor = builder(1, 2).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    start(executor, Batch.OF_ALL, (worker, batch) -> {
                        if (batch == 10) {
                            throw new IllegalStateException("no such sample");
                        }
                    });
            WorkerFailedException error = assertInstanceOf(WorkerFailedException.class, failure(run));
            assertTrue(error.toString().contains("no such sample"), error.toString());
        }
    }

    private static Throwable failure(CompletableFuture<?> run) throws InterruptedException, TimeoutException {
        ExecutionException error = null;
        try {
            run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            error = e;
        }
        assertTrue(error != null, "it fails");
        return error.getCause();
    }

    @Test
    void shouldRunAFunctionThatDoesNotTrainOnAllWorkersAndASecondTrainingAfterTheFirst() throws IOException {
        Files.createFile(folder.resolve("go"));
        String flag = folder.resolve("go").toString();
        try (ElasticRayExecutor executor = builder(2, 2).build()) {
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
            assertThrows(IllegalArgumentException.class, () -> executor.run(worker -> news));
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
        try (ElasticRayExecutor executor = builder(1, 2).build()) {
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
            WorkerLostException error = assertInstanceOf(WorkerLostException.class, failure(call));
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
