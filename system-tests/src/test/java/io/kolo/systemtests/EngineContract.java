package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.Worker;
import io.kolo.executor.WorkerFailedException;
import io.kolo.executor.WorkerLostException;
import io.kolo.executor.Workers;
import io.kolo.executor.engine.PlacementException;
import io.kolo.executor.engine.Strategy;
import io.kolo.testkit.Leftovers;
import java.io.Serializable;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What every engine has to do with a job, on a cluster of two nodes of 4 CPUs and 2 GPUs each. A launch takes seconds:
 * what can be seen of the same workers is seen in one test.
 */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
abstract class EngineContract {
    /** A builder for the cluster. */
    abstract RayExecutorBuilder onTwoNodes();

    /** The name of the second node. */
    abstract String secondNode();

    private record Place(int rank, int localRank, int localSize, int crossRank, int crossSize, int bundle, String gpus)
            implements Serializable {
        static Place of(Worker worker) {
            return new Place(
                    worker.rank(),
                    worker.localRank(),
                    worker.localSize(),
                    worker.crossRank(),
                    worker.crossSize(),
                    worker.bundle(),
                    String.valueOf(System.getenv("CUDA_VISIBLE_DEVICES")));
        }
    }

    @Test
    void shouldPutHostsOnNodesOfTheirOwn() {
        try (RayExecutor executor =
                onTwoNodes().hosts(2).workersPerHost(2).gpusPerWorker(1).build()) {
            executor.start();
            assertEquals(
                    List.of(
                            new Place(0, 0, 2, 0, 2, 0, "0"),
                            new Place(1, 1, 2, 0, 2, 0, "1"),
                            new Place(2, 0, 2, 1, 2, 1, "0"),
                            new Place(3, 1, 2, 1, 2, 1, "1")),
                    executor.run(Place::of));
        }
    }

    @Test
    void shouldRefuseWhatHasNoRoomBeforeAnythingIsLaunched() {
        try (RayExecutor executor = onTwoNodes()
                .workers(2)
                .gpusPerWorker(2)
                .placementStrategy(Strategy.STRICT_PACK)
                .startTimeout(Duration.ofSeconds(5)) // more room may come, where there is an autoscaler
                .build()) {
            PlacementException error = assertThrows(PlacementException.class, executor::start);
            assertTrue(error.toString().contains("bundles of {CPU: 1, GPU: 2} (STRICT_PACK)"), error.toString());
            assertTrue(error.toString().contains("free {CPU: 4, GPU: 2} of {CPU: 4, GPU: 2}"), error.toString());
        }
    }

    @Test
    void shouldPackWorkersWithTheirGpusAndTellCauseRankAndRemoteStackWhenTheFunctionThrows() {
        try (RayExecutor executor = onTwoNodes().workers(3).gpusPerWorker(1).build()) {
            executor.start();
            assertEquals(
                    List.of(
                            new Place(0, 0, 2, 0, 2, 0, "0"),
                            new Place(1, 1, 2, 0, 1, 1, "1"),
                            new Place(2, 0, 1, 1, 2, 2, "0")),
                    executor.run(Place::of));
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        if (worker.rank() == 1) {
                            throw new IllegalStateException("no more paper", new ArithmeticException("0 sheets"));
                        }
                        worker.communicator().barrier();
                        return 0;
                    }));
            assertEquals(1, error.rank());
            assertEquals("rank 1 failed: java.lang.IllegalStateException: no more paper", error.getMessage());
            assertEquals("java.lang.IllegalStateException", error.remote().type());
            assertEquals(
                    EngineContract.class.getName(),
                    error.remote().getStackTrace()[0].getClassName());
            assertEquals(
                    "java.lang.ArithmeticException: 0 sheets",
                    error.remote().getCause().toString());
            assertEquals(2, error.getSuppressed().length, "the others gave up, and said so");
        }
    }

    @Test
    void shouldSpreadWorkersAndNameRankNodeExitCodeAndLastLinesOfOneThatIsKilled() {
        try (RayExecutor executor =
                onTwoNodes().workers(2).placementStrategy(Strategy.SPREAD).build()) {
            executor.start();
            assertEquals(
                    List.of(new Place(0, 0, 1, 0, 2, 0, ""), new Place(1, 0, 1, 1, 2, 1, "")), executor.run(Place::of));
            WorkerLostException error = assertThrows(
                    WorkerLostException.class,
                    () -> executor.run(worker -> {
                        if (worker.rank() == 1) {
                            System.out.println("these were my last words, at " + System.currentTimeMillis());
                            long self = ProcessHandle.current().pid();
                            new ProcessBuilder("kill", "-9", String.valueOf(self)).start();
                        }
                        return meetForEver(worker);
                    }));
            long toldMs = System.currentTimeMillis();
            assertEquals(1, error.rank());
            String message = error.toString();
            assertTrue(message.contains("rank 1 on " + secondNode()), message);
            assertTrue(message.contains("was killed by signal 9 (exit code 137)"), message);
            Matcher words =
                    Pattern.compile("these were my last words, at (\\d+)").matcher(message);
            assertTrue(words.find(), message);
            System.out.printf(
                    "%s: told %d ms after a worker killed itself%n",
                    getClass().getSimpleName(), toldMs - Long.parseLong(words.group(1)));
        }
    }

    /** Never ends by itself. */
    static int meetForEver(Worker worker) {
        while (true) {
            worker.communicator().barrier();
        }
    }

    @Test
    void shouldSayWhatIsWrongWithTheOrderOfCallsAndEndWorkersInTheMiddleOfARun() throws Exception {
        RayExecutor executor = onTwoNodes().workers(2).build();
        assertTrue(assertThrows(IllegalStateException.class, () -> executor.run(Worker::rank))
                .toString()
                .contains("call start() before run"));
        executor.start();
        assertTrue(assertThrows(IllegalStateException.class, executor::start)
                .toString()
                .contains("was started before"));
        List<CompletableFuture<Integer>> results = executor.runAsync(worker -> {
            while (true) {
                Thread.onSpinWait();
            }
        });
        executor.close();
        for (CompletableFuture<Integer> result : results) {
            assertThrows(CancellationException.class, () -> result.get(60, TimeUnit.SECONDS));
        }
        assertTrue(assertThrows(IllegalStateException.class, executor::start)
                .toString()
                .contains("was closed"));
        // Leftovers sees that nothing is left.
    }

    /** Not serializable: it lives and dies on its worker. */
    private static final class Counter {
        private final int rank;
        private int calls;

        Counter(int rank) {
            this.rank = rank;
        }

        int call() {
            return 100 * rank + ++calls;
        }
    }

    @Test
    void shouldKeepAnObjectOnEachWorkerFromCallToCallAndRunFunctionsBeside() throws Exception {
        try (RayExecutor executor = onTwoNodes()
                .workers(2)
                .environment("GREETING", "hello there")
                .environment("OMP_NUM_THREADS", "3")
                .build()) {
            Workers<Counter> workers = executor.start(worker -> new Counter(worker.rank()));
            assertEquals(List.of(1, 101), workers.execute(Counter::call));
            assertEquals(2, workers.executeSingle(Counter::call), "only rank 0");
            assertEquals(List.of(3, 102), workers.execute(Counter::call));
            assertEquals(List.of(0, 1), executor.run(Worker::rank));
            CompletableFuture<Integer> sum = executor.runAsync(Worker::size)
                    .getFirst()
                    .thenApply(size -> size + executor.run(Worker::size).getFirst());
            assertEquals(4, sum.get(60, TimeUnit.SECONDS), "what hangs on a future may run more");
            assertEquals(
                    Collections.nCopies(2, "hello there, 3"),
                    executor.run(worker -> System.getenv("GREETING") + ", " + System.getenv("OMP_NUM_THREADS")));
        }
    }

    @Test
    void shouldFailWhenTheFactoryOfARankThrows() {
        try (RayExecutor executor = onTwoNodes().workers(2).build()) {
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.start(worker -> {
                        if (worker.rank() == 1) {
                            throw new IllegalStateException("no parts left");
                        }
                        return new Counter(0);
                    }));
            assertEquals("rank 1 failed: java.lang.IllegalStateException: no parts left", error.getMessage());
        }
    }

    @Test
    void shouldHaveEachResultAsSoonAsItsWorkerReturns() throws Exception {
        try (RayExecutor executor = onTwoNodes().workers(2).build()) {
            executor.start();
            List<CompletableFuture<Integer>> first = executor.runAsync(worker -> {
                while (worker.rank() == 1) {
                    Thread.onSpinWait(); // never returns
                }
                return worker.rank();
            });
            assertEquals(0, first.getFirst().get(60, TimeUnit.SECONDS));
            List<CompletableFuture<Integer>> second = executor.runAsync(Worker::size);
            assertTrue(second.stream().noneMatch(CompletableFuture::isDone), "one run after the other");

            first.get(1).cancel(true);
            assertThrows(
                    CancellationException.class, () -> second.getFirst().get(60, TimeUnit.SECONDS), "it never ran");
            assertThrows(CancellationException.class, () -> executor.run(Worker::rank));
        }
    }

    @Test
    void shouldRunTwoJobsAtOnce() throws Exception {
        try (RayExecutor one = onTwoNodes().workers(2).build();
                RayExecutor other = onTwoNodes().workers(2).build()) {
            one.start();
            other.start();
            List<CompletableFuture<Integer>> ones = one.runAsync(EngineContract::turn);
            List<CompletableFuture<Integer>> others = other.runAsync(EngineContract::turn);
            for (int rank = 0; rank < 2; rank++) {
                assertEquals(rank, ones.get(rank).get(60, TimeUnit.SECONDS));
                assertEquals(rank, others.get(rank).get(60, TimeUnit.SECONDS));
            }
        }
    }

    private static int turn(Worker worker) {
        for (int i = 0; i < 100; i++) {
            worker.communicator().barrier();
        }
        return worker.rank();
    }
}
