package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.allreduce.CollectiveAbortedException;
import io.kolo.allreduce.CollectiveMismatchException;
import io.kolo.executor.JobFailedException;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import io.kolo.executor.WorkerFailedException;
import io.kolo.executor.WorkerLostException;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Leftovers;
import java.io.Serializable;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class FailureSystemTest {
    private static final int MEGABYTE = 1 << 20;

    @Test
    void shouldTellCauseRankAndRemoteStackWhenTheFunctionThrows() {
        try (RayExecutor executor = RayExecutor.builder().workers(3).build()) {
            executor.start();
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
                    FailureSystemTest.class.getName(),
                    error.remote().getStackTrace()[0].getClassName());
            assertEquals(
                    "java.lang.ArithmeticException: 0 sheets",
                    error.remote().getCause().toString());
            assertAborted(error, 2, "rank 1 failed: java.lang.IllegalStateException: no more paper");
        }
    }

    @Test
    void shouldNameTheRankThatIsKilledInMidCollective() {
        AtomicLong killedAtNs = new AtomicLong();
        CompletableFuture<Long> victim = new CompletableFuture<>();
        JobListener killer = new JobListener() {
            @Override
            public void onProgress(Progress progress) {
                if (progress.rank() == 1
                        && victim.complete(progress.metrics().get("pid").longValue())) {
                    killedAtNs.set(System.nanoTime());
                    ProcessHandle.of(victim.join()).orElseThrow().destroyForcibly();
                }
            }
        };
        try (RayExecutor executor =
                RayExecutor.builder().workers(3).listener(killer).build()) {
            executor.start();
            WorkerLostException error =
                    assertThrows(WorkerLostException.class, () -> executor.run(FailureSystemTest::reduceForEver));
            System.out.println("killed, and known after "
                    + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killedAtNs.get()) + " ms");
            assertEquals(1, error.rank());
            assertTrue(
                    error.toString().contains("rank 1 (process " + victim.join() + ") was killed by signal 9"),
                    error.toString());
            assertAborted(error, 2, "rank 1 is lost");
        }
    }

    private static int reduceForEver(Worker worker) {
        MemorySegment buffer = MemorySegment.ofArray(new float[MEGABYTE]);
        for (int step = 1; ; step++) {
            worker.communicator().allReduce(buffer, DataType.F32, ReduceOp.AVERAGE);
            if (step == 10) {
                worker.report(
                        1, 1, Map.of("pid", (double) ProcessHandle.current().pid()));
            }
        }
    }

    /** All survivors ended with the typed error that names the culprit; it is what the driver has suppressed. */
    private static void assertAborted(JobFailedException error, int survivors, String reason) {
        List<WorkerFailedException> others = Arrays.stream(error.getSuppressed())
                .map(other -> assertInstanceOf(WorkerFailedException.class, other))
                .toList();
        assertEquals(survivors, others.size(), Arrays.toString(error.getSuppressed()));
        for (WorkerFailedException other : others) {
            assertEquals(
                    CollectiveAbortedException.class.getName(), other.remote().type());
            assertTrue(
                    other.remote().toString().contains(reason), other.remote().toString());
        }
    }

    @Test
    void shouldGiveUpOnARankThatHangsInItsOwnCodeWhenAnotherFails() {
        try (RayExecutor executor = RayExecutor.builder().workers(2).build()) {
            executor.start();
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        if (worker.rank() == 1) {
                            throw new IllegalStateException("this one fails");
                        }
                        while (true) {
                            Thread.onSpinWait(); // this one hears nothing
                        }
                    }));
            assertEquals(1, error.rank());
        }
    }

    @Test
    void shouldNameTwoRanksOverAeronWhenOneCallsSomethingElse() {
        try (RayExecutor executor = RayExecutor.builder().workers(3).build()) {
            executor.start();
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        MemorySegment buffer = MemorySegment.ofArray(new float[worker.rank() == 2 ? 7 : 8]);
                        worker.communicator().allReduce(buffer, DataType.F32, ReduceOp.SUM);
                        return 0;
                    }));
            assertEquals(
                    CollectiveMismatchException.class.getName(), error.remote().type());
            assertTrue(error.toString().contains("SUM of 7 F32"), error.toString());
            assertTrue(error.toString().contains("SUM of 8 F32"), error.toString());
            assertEquals(2, error.getSuppressed().length, "the other two know as well");
        }
    }

    /** The root has its lines full, and the neighbour that it would have to tell no longer reads. */
    @Test
    void shouldTellAMismatchToARootThatIsInTheMiddleOfALongBroadcast() {
        int count = 2 * MEGABYTE;
        try (RayExecutor executor = RayExecutor.builder().workers(3).build()) {
            executor.start();
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        MemorySegment buffer = MemorySegment.ofArray(new float[worker.rank() == 1 ? count - 1 : count]);
                        worker.communicator().broadcast(buffer, DataType.F32, 0);
                        return 0;
                    }));
            List<WorkerFailedException> all = Stream.concat(Stream.of(error), Arrays.stream(error.getSuppressed()))
                    .map(each -> assertInstanceOf(WorkerFailedException.class, each))
                    .toList();
            assertEquals(3, all.size());
            all.forEach(each -> assertEquals(
                    CollectiveMismatchException.class.getName(), each.remote().type()));
        }
    }

    @Test
    void shouldNameFieldAndClassOfACaptureThatIsNotSerializable() {
        Pen pen = new Pen();
        try (RayExecutor executor = RayExecutor.builder().build()) {
            executor.start();
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> executor.run(worker -> pen.ink.hashCode()));
            assertTrue(
                    error.toString().contains("field 'ink' of " + Pen.class.getName() + " is a java.lang.Thread"),
                    error.toString());
            assertEquals(List.of(5), executor.run(worker -> 5), "nothing has run, and the executor is as good as new");
        }
    }

    private static final class Pen implements Serializable {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings("serial") // that it can't be serialized is the point
        private final Object ink = Thread.currentThread();
    }

    @Test
    void shouldTellATimeoutOfTheUsersCodeAndAMessageOfAnyLength() {
        String endless = "x".repeat(10 * MEGABYTE);
        try (RayExecutor executor = RayExecutor.builder().build()) {
            executor.start();
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        Thread.currentThread().interrupt();
                        throw new TimeoutException(endless);
                    }));
            assertEquals(TimeoutException.class.getName(), error.remote().type());
            assertTrue(error.toString().endsWith("xxx..."));
        }
    }

    @Test
    void shouldPassHundredMegabytesBothWays() {
        byte[] captured = new byte[100 * MEGABYTE];
        new SplittableRandom(1).nextBytes(captured);
        try (RayExecutor executor = RayExecutor.builder().workers(2).build()) {
            executor.start();
            List<byte[]> results = executor.run(worker -> {
                captured[0] = (byte) worker.rank();
                return captured;
            });
            for (int rank = 0; rank < 2; rank++) {
                captured[0] = (byte) rank;
                assertArrayEquals(captured, results.get(rank));
            }
        }
    }

    @Test
    void shouldSayWhichWorkerEndedAndItsLastLinesWhenOneExitsByItself() {
        try (RayExecutor executor = RayExecutor.builder().workers(2).build()) {
            executor.start();
            WorkerLostException error = assertThrows(
                    WorkerLostException.class,
                    () -> executor.run(worker -> {
                        if (worker.rank() == 1) {
                            System.out.println("I have had enough");
                            System.exit(7);
                        }
                        worker.communicator().barrier();
                        return 0;
                    }));
            assertEquals(1, error.rank());
            assertTrue(error.toString().contains("ended with exit code 7"), error.toString());
            assertTrue(error.toString().contains("I have had enough"), error.toString());
        }
    }
}
