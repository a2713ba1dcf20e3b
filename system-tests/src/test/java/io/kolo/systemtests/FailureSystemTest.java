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
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.Transport;
import io.kolo.executor.Worker;
import io.kolo.executor.WorkerFailedException;
import io.kolo.executor.WorkerLostException;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Limits;
import java.io.IOException;
import java.io.Serializable;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class FailureSystemTest {
    private static final int MEGABYTE = 1 << 20;

    @ParameterizedTest
    @EnumSource(
            value = Transport.class,
            names = {"SHARED_MEMORY", "UDP"})
    void shouldNameTheRankThatIsKilledInMidCollective(Transport transport) {
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
        try (RayExecutor executor = Runs.quickStart()
                .workers(3)
                .transport(transport)
                .listener(killer)
                .build()) {
            executor.start();
            WorkerLostException error =
                    assertThrows(WorkerLostException.class, () -> executor.run(FailureSystemTest::reduceForEver));
            Limits.assertWithin(Duration.ofSeconds(1), killedAtNs.get(), "killed, and known");
            assertEquals(1, error.rank());
            assertTrue(
                    error.toString()
                            .contains("rank 1 on localhost (process " + victim.join() + ") was killed by signal 9"),
                    error.toString());
            assertAborted(error, 2, "rank 1 is lost");
        }
        Limits.assertWithin(Duration.ofSeconds(2), killedAtNs.get(), "all cleaned up");
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
        try (RayExecutor executor = Runs.quickStart().workers(2).build()) {
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
    void shouldNameTwoRanksWhenOneCallsSomethingElse() {
        try (RayExecutor executor =
                Runs.quickStart().workers(3).transport(Transport.UDP).build()) {
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
        try (RayExecutor executor =
                Runs.quickStart().workers(3).transport(Transport.UDP).build()) {
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
            assertEquals(
                    CollectiveMismatchException.class.getName(), error.remote().type());
            // Whoever has not heard of it from its neighbour by then is told by the driver.
            all.forEach(each -> assertTrue(
                    each.remote().toString().contains(CollectiveMismatchException.class.getName()),
                    each.remote()::toString));
        }
    }

    @Test
    void shouldNameFieldAndClassOfACaptureThatIsNotSerializable() {
        Pen pen = new Pen();
        try (RayExecutor executor = Runs.quickStart().build()) {
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
        try (RayExecutor executor = Runs.quickStart().build()) {
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
        try (RayExecutor executor = Runs.quickStart().workers(2).build()) {
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
        try (RayExecutor executor = Runs.quickStart().workers(2).build()) {
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

    /** Signals a worker once it has said its process id, and then again each second. */
    private record Stopper(int rank, List<String> signals) implements JobListener {
        @Override
        public void onLine(int rank, String node, String line) {
            if (rank == this.rank && line.startsWith("pid ")) {
                Thread.ofVirtual().start(() -> send(line.substring("pid ".length())));
            }
        }

        private void send(String pid) {
            try {
                for (String signal : signals) {
                    assertEquals(
                            0, new ProcessBuilder("kill", signal, pid).start().waitFor());
                    Thread.sleep(Duration.ofSeconds(1)); // how long it is stopped is what is tested
                }
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static void sayPid() {
        System.out.println("pid " + ProcessHandle.current().pid());
    }

    private static RayExecutorBuilder stopping(int rank, String... signals) {
        return Runs.quickStart().workers(3).listener(new Stopper(rank, List.of(signals)));
    }

    @Test
    void shouldWaitForAWorkerThatIsStoppedForASecond() {
        try (RayExecutor executor = stopping(1, "-STOP", "-CONT").build()) {
            executor.start();
            assertEquals(List.of(0, 1, 2), executor.run(worker -> {
                sayPid();
                long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
                long[] goOn = {1};
                while (goOn[0] > 0) { // all ranks end in the same round
                    goOn[0] = System.nanoTime() - endNs < 0 ? 1 : 0;
                    worker.communicator().allReduce(MemorySegment.ofArray(goOn), DataType.I64, ReduceOp.MIN);
                }
                return worker.rank();
            }));
        }
    }

    @Test
    void shouldNameAWorkerThatIsStoppedForEverAtTheCollectivesDeadline() {
        try (RayExecutor executor =
                stopping(1, "-STOP").collectiveTimeout(Duration.ofSeconds(5)).build()) {
            executor.start();
            WorkerLostException error = assertThrows(
                    WorkerLostException.class,
                    () -> executor.run(worker -> {
                        sayPid();
                        return reduceForEver(worker);
                    }));
            assertEquals(1, error.rank());
            assertTrue(
                    error.toString().matches("(?s).*rank 1 on localhost .* was silent for \\d+ ms"), error.toString());
        }
    }

    @Test
    void shouldNameAWorkerThatIsSilentWhereNobodyWaitsForIt() {
        try (RayExecutor executor =
                stopping(2, "-STOP").heartbeatTimeout(Duration.ofSeconds(4)).build()) {
            executor.start();
            WorkerLostException error = assertThrows(
                    WorkerLostException.class,
                    () -> executor.run(worker -> {
                        sayPid();
                        while (true) {
                            Thread.onSpinWait();
                        }
                    }));
            assertEquals(2, error.rank());
            assertTrue(error.toString().contains("was silent for "), error.toString());
        }
    }

    @Test
    void shouldNameTheRankWhoseCodeHangsAndTheLineThatItIsAt() {
        try (RayExecutor executor = Runs.quickStart()
                .workers(3)
                .collectiveTimeout(Duration.ofSeconds(3))
                .build()) {
            executor.start();
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        for (int step = 0; step < 5; step++) {
                            worker.communicator().barrier();
                        }
                        return worker.rank() == 1 ? hang() : reduceForEver(worker);
                    }));
            assertHangs(error, "rank 1 failed: java.util.concurrent.TimeoutException: did not come to collective");
            assertEquals(2, error.getSuppressed().length, "the others say that they waited");
        }
    }

    private static int hang() {
        while (true) {
            Thread.onSpinWait();
        }
    }

    private static void assertHangs(WorkerFailedException error, String message) {
        assertEquals(1, error.rank());
        assertTrue(error.toString().contains(message), error.toString());
        assertTrue(
                Arrays.stream(error.remote().getStackTrace())
                        .anyMatch(frame -> frame.getMethodName().equals("hang")),
                () -> Arrays.toString(error.remote().getStackTrace()));
    }

    @Test
    void shouldNameTheRankThatHasNotReturnedByTheRunsDeadline() {
        try (RayExecutor executor =
                Runs.quickStart().workers(2).runTimeout(Duration.ofSeconds(3)).build()) {
            executor.start();
            assertHangs(
                    assertThrows(
                            WorkerFailedException.class, () -> executor.run(worker -> worker.rank() == 1 ? hang() : 0)),
                    "did not return within the run's timeout of 3000 ms");
        }
    }

    @Test
    void shouldTellAThrowableThatCannotTellItsOwnMessage() {
        try (RayExecutor executor = Runs.quickStart().build()) {
            executor.start();
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        throw new Speechless();
                    }));
            assertEquals(Speechless.class.getName(), error.remote().type());
        }
    }

    private static final class Speechless extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no words");
        }
    }
}
