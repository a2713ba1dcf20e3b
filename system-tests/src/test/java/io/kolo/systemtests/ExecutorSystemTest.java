package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import io.kolo.executor.WorkerFailedException;
import io.kolo.executor.Workers;
import io.kolo.testkit.Leftovers;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ExecutorSystemTest {
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
    void shouldKeepAnObjectOnEachWorkerFromCallToCall() {
        try (RayExecutor executor = RayExecutor.builder().workers(2).build()) {
            Workers<Counter> workers = executor.start(worker -> new Counter(worker.rank()));
            assertEquals(List.of(1, 101), workers.execute(Counter::call));
            assertEquals(2, workers.executeSingle(Counter::call), "only rank 0");
            assertEquals(List.of(3, 102), workers.execute(Counter::call));
            assertEquals(List.of(0, 1), executor.run(Worker::rank), "plain functions run beside");
        }
    }

    @Test
    void shouldFailWhenTheFactoryOfARankThrows() {
        try (RayExecutor executor = RayExecutor.builder().workers(2).build()) {
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
        try (RayExecutor executor = RayExecutor.builder().workers(2).build()) {
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
        try (RayExecutor one = RayExecutor.builder().workers(2).build();
                RayExecutor other = RayExecutor.builder().workers(2).build()) {
            one.start();
            other.start();
            List<CompletableFuture<Integer>> ones = one.runAsync(ExecutorSystemTest::turn);
            List<CompletableFuture<Integer>> others = other.runAsync(ExecutorSystemTest::turn);
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

    @Test
    void shouldSayWhatIsMissingWhenItIsUsedInTheWrongOrder() {
        try (RayExecutor executor = RayExecutor.builder().build()) {
            assertTrue(assertThrows(IllegalStateException.class, () -> executor.run(Worker::rank))
                    .toString()
                    .contains("call start() before run"));
            executor.start();
            assertTrue(assertThrows(IllegalStateException.class, executor::start)
                    .toString()
                    .contains("was started before"));
        }
    }
}
