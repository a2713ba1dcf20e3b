package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(600)
class SplitTest {
    private static final Duration PATIENT = Duration.ofSeconds(50);

    @TempDir
    private Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private ThreadRing ring(int size, boolean shared) throws Exception {
        return shared ? new ThreadRing(size, PATIENT, folder) : new ThreadRing(size, PATIENT);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldDoAllCollectivesInASet(boolean shared) throws Exception {
        try (ThreadRing ring = ring(5, shared)) {
            List<Integer> sizes = ring.run(communicator -> {
                Communicator set = communicator.split(communicator.rank() % 2);
                assertEquals(communicator.rank() / 2, set.rank());
                var unused = new CollectiveChecks(set, new SplittableRandom(set.size()), 5003).checkAll(17, 5003);
                return set.size();
            });
            assertEquals(List.of(3, 2, 3, 2, 3), sizes);
        }
    }

    /** Rows and columns of 2 x 3 ranks and all of them: three communicators of each rank on three threads. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldBeUsableAtOnceAndFromSeveralThreads(boolean shared) throws Exception {
        try (ThreadRing ring = ring(6, shared)) {
            var unused = ring.run(communicator -> {
                Communicator row = communicator.split(communicator.rank() / 3);
                Communicator column = communicator.split(communicator.rank() % 3);
                CompletableFuture<?>[] all = List.of(row, column, communicator).stream()
                        .map(each -> CompletableFuture.runAsync(() -> reduceManyTimes(each), threads))
                        .toArray(CompletableFuture[]::new);
                CompletableFuture.allOf(all).get(100, TimeUnit.SECONDS);
                return 0;
            });
        }
    }

    private static void reduceManyTimes(Communicator communicator) {
        for (int i = 1; i <= 100; i++) {
            float[] values = new float[i * 100];
            Arrays.fill(values, i);
            communicator.allReduce(values, ReduceOp.SUM);
            for (float value : values) {
                assertEquals(i * communicator.size(), value);
            }
        }
    }

    @Test
    void shouldEndInASetWhenTheWholeIsTold() throws Exception {
        try (ThreadRing ring = new ThreadRing(3, PATIENT, folder)) {
            List<Throwable> failures = ring.failures(communicator -> {
                Communicator set = communicator.split(communicator.rank() == 2 ? 1 : 0);
                if (communicator.rank() == 0) {
                    CompletableFuture<Void> told =
                            CompletableFuture.runAsync(() -> communicator.abort(1, "is lost"), threads);
                    set.barrier();
                    told.get(10, TimeUnit.SECONDS);
                }
                return 0;
            });
            assertEquals(
                    1,
                    assertInstanceOf(CollectiveAbortedException.class, failures.get(0))
                            .culprit());
        }
    }

    @Test
    void shouldSayHowOftenAndHowDeepItCanBeSplit() throws Exception {
        try (ThreadRing ring = new ThreadRing(1, PATIENT)) {
            Communicator whole = ring.rank(0);
            Communicator set = whole.split(0).split(0);
            assertThrows(IllegalStateException.class, () -> set.split(0));
            for (int i = 2; i <= Channels.MAX_SETS; i++) {
                assertEquals(1, whole.split(7).size());
            }
            IllegalStateException error = assertThrows(IllegalStateException.class, () -> whole.split(7));
            assertTrue(error.toString().contains("can be split 255 times"), error.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNameBothWhereOneSendsWhatTheOtherDoesNotExpect(boolean shared) throws Exception {
        try (ThreadRing ring = ring(3, shared)) {
            List<Throwable> failures = ring.failures(communicator -> {
                if (communicator.rank() == 0) {
                    communicator.send(MemorySegment.ofArray(new float[5]), DataType.F32, 2);
                } else if (communicator.rank() == 2) {
                    communicator.receive(MemorySegment.ofArray(new float[6]), DataType.F32, 0);
                }
                return 0;
            });
            CollectiveMismatchException mismatch = assertInstanceOf(CollectiveMismatchException.class, failures.get(2));
            assertEquals(List.of(0, 2), List.of(mismatch.leftRank(), mismatch.rightRank()));
            assertTrue(mismatch.getMessage().contains("send #1 (5 F32"), mismatch.getMessage());
            assertTrue(mismatch.getMessage().contains("send #1 (6 F32"), mismatch.getMessage());
        }
    }

    @Test
    void shouldRefuseWhatCanNotBeSentOrCounted() throws Exception {
        try (ThreadRing ring = new ThreadRing(1, PATIENT)) {
            Communicator one = ring.rank(0);
            MemorySegment four = MemorySegment.ofArray(new byte[4]);
            assertThrows(IllegalArgumentException.class, () -> one.send(four, DataType.U8, 0));
            assertThrows(IllegalArgumentException.class, () -> one.receive(four, DataType.U8, 1));
            assertThrows(IllegalArgumentException.class, () -> one.allReduce(four, DataType.BOOL, ReduceOp.AVERAGE));
            assertThrows(IllegalArgumentException.class, () -> one.allReduce(four, DataType.I32, ReduceOp.SUM, 0.5, 1));
            assertThrows(IllegalArgumentException.class, () -> one.allGatherV(four, four, new long[] {5}, DataType.U8));
            one.barrier(); // and it is as good as new
        }
    }
}
