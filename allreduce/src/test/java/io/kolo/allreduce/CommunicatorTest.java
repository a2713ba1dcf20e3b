package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.ScalarKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CommunicatorTest {
    private final Lines[] lines = MemoryLines.of(2, 1 << 16);
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private Communicator rank(int rank, Duration timeout) {
        return new Communicator(new Ring(3, 42, rank, 2), lines[rank], new ScalarKernels(), timeout);
    }

    private CompletableFuture<Void> async(Runnable operation) {
        return CompletableFuture.runAsync(operation, threads);
    }

    @Test
    void shouldReduceBetweenTwoThreads() throws Exception {
        float[] left = {1, 2, 3};
        float[] right = {10, 20, 30};
        CompletableFuture<Void> other = async(() ->
                rank(0, Duration.ofSeconds(30)).allReduce(MemorySegment.ofArray(left), DataType.F32, ReduceOp.SUM));
        rank(1, Duration.ofSeconds(30)).allReduce(MemorySegment.ofArray(right), DataType.F32, ReduceOp.SUM);
        other.get(30, TimeUnit.SECONDS);
        assertArrayEquals(new float[] {11, 22, 33}, left);
        assertArrayEquals(new float[] {11, 22, 33}, right);
    }

    @Test
    void shouldNameStepAndRankWhenTheDeadlinePasses() {
        Communicator communicator = rank(1, Duration.ofMillis(20));
        CollectiveTimeoutException error = assertThrows(CollectiveTimeoutException.class, communicator::barrier);
        assertEquals(0, error.awaitedRank());
        assertTrue(error.getMessage().startsWith("generation 3, barrier #1: rank 1 waited "), error.getMessage());
        assertTrue(error.getMessage().endsWith("for rank 0 to send chunk 1 of 2"), error.getMessage());
        assertEquals(error, assertThrows(CollectiveTimeoutException.class, communicator::barrier), "and stays failed");
    }

    @Test
    void shouldEndAPendingOperationWhenToldTo() {
        Communicator communicator = rank(1, Duration.ofSeconds(30));
        CompletableFuture<Void> pending = async(communicator::barrier);
        communicator.abort(0, "was killed by signal 9");
        ExecutionException error = assertThrows(ExecutionException.class, () -> pending.get(10, TimeUnit.SECONDS));
        CollectiveAbortedException aborted = assertInstanceOf(CollectiveAbortedException.class, error.getCause());
        assertEquals(0, aborted.culprit());
        assertEquals("generation 3: rank 0 was killed by signal 9", aborted.getMessage());
    }

    @Test
    void shouldPassItsFailureOnToTheRight() {
        Communicator left = rank(0, Duration.ofSeconds(30));
        Communicator right = rank(1, Duration.ofSeconds(30));
        left.abort(5, "left");
        assertThrows(CollectiveAbortedException.class, left::barrier);
        CollectiveAbortedException passedOn = assertThrows(CollectiveAbortedException.class, right::barrier);
        assertEquals(5, passedOn.culprit());
        assertEquals("generation 3: rank 5 left", passedOn.getMessage());
    }

    @Test
    void shouldDropWhatAStrangerOrAnOlderGenerationSends() {
        Communicator stranger =
                new Communicator(new Ring(3, 41, 0, 2), lines[0], new ScalarKernels(), Duration.ofMillis(20));
        Communicator late =
                new Communicator(new Ring(2, 42, 0, 2), lines[0], new ScalarKernels(), Duration.ofMillis(20));
        assertThrows(CollectiveTimeoutException.class, stranger::barrier);
        assertThrows(CollectiveTimeoutException.class, late::barrier);
        Communicator communicator = rank(1, Duration.ofMillis(20));
        assertEquals(
                0,
                assertThrows(CollectiveTimeoutException.class, communicator::barrier)
                        .awaitedRank());
    }

    @Test
    void shouldRefuseAnotherThreadInTheMiddleOfAnOperation() {
        Communicator communicator = rank(1, Duration.ofSeconds(30));
        CompletableFuture<Void> one = async(communicator::barrier);
        CompletableFuture<Void> other = async(communicator::barrier);
        CompletableFuture<Object> first = CompletableFuture.anyOf(one, other);
        ExecutionException refused = assertThrows(ExecutionException.class, () -> first.get(10, TimeUnit.SECONDS));
        assertInstanceOf(IllegalStateException.class, refused.getCause());
        communicator.abort(0, "is not needed any more");
    }

    @Test
    void shouldNotCountASendThatItRefuses() throws Exception {
        Communicator sender = rank(0, Duration.ofSeconds(30));
        Communicator receiver = rank(1, Duration.ofSeconds(30));
        CompletableFuture<Void> pending = async(sender::barrier);
        Runnable send = () -> sender.send(MemorySegment.ofArray(new float[] {7}), DataType.F32, 1);
        while (sender.operations() == 0) {
            Thread.onSpinWait();
        }
        assertThrows(IllegalStateException.class, send::run);
        receiver.barrier();
        pending.get(30, TimeUnit.SECONDS);
        float[] received = {0};
        CompletableFuture<Void> sending = async(send);
        receiver.receive(MemorySegment.ofArray(received), DataType.F32, 0);
        sending.get(30, TimeUnit.SECONDS);
        assertEquals(7, received[0]);
    }

    @Test
    void shouldSayThatItIsClosed() {
        Communicator communicator = rank(1, Duration.ofSeconds(30));
        communicator.close();
        IllegalStateException error = assertThrows(IllegalStateException.class, communicator::barrier);
        assertTrue(error.toString().endsWith("this communicator is closed"), error.toString());
    }

    @Test
    void shouldRefuseABufferOfHalfAnElementAndARootThatIsNone() {
        Communicator communicator = rank(0, Duration.ofSeconds(1));
        MemorySegment five = MemorySegment.ofArray(new byte[5]);
        assertThrows(IllegalArgumentException.class, () -> communicator.allReduce(five, DataType.F32, ReduceOp.SUM));
        assertThrows(IllegalArgumentException.class, () -> communicator.broadcast(MemorySegment.NULL, DataType.F32, 2));
    }

    @Test
    void shouldRefuseABufferThatItCannotUseAndBeAsGoodAsNew() throws Exception {
        Communicator communicator = rank(1, Duration.ofSeconds(30));
        MemorySegment readOnly = MemorySegment.ofArray(new float[4]).asReadOnly();
        MemorySegment closed;
        try (Arena arena = Arena.ofConfined()) {
            closed = arena.allocate(16);
            CompletableFuture<Void> elsewhere = async(() -> communicator.allReduce(closed, DataType.F32, ReduceOp.SUM));
            assertInstanceOf(
                    IllegalArgumentException.class,
                    assertThrows(ExecutionException.class, () -> elsewhere.get(30, TimeUnit.SECONDS))
                            .getCause());
        }
        for (MemorySegment buffer : List.of(readOnly, closed)) {
            assertThrows(
                    IllegalArgumentException.class, () -> communicator.allReduce(buffer, DataType.F32, ReduceOp.SUM));
        }
        CompletableFuture<Void> other =
                async(() -> rank(0, Duration.ofSeconds(30)).barrier());
        communicator.barrier();
        other.get(30, TimeUnit.SECONDS);
    }

    @Test
    void shouldEndInATypedErrorAndTellTheRightWhenItsTransportBreaks() {
        Lines broken = new BrokenLines(lines[0]);
        Communicator left =
                new Communicator(new Ring(3, 42, 0, 2), broken, new ScalarKernels(), Duration.ofSeconds(30));
        CollectiveAbortedException error = assertThrows(CollectiveAbortedException.class, left::barrier);
        assertEquals(0, error.culprit(), "this rank itself, and not a neighbour");
        assertEquals("generation 3: rank 0 broke off: java.lang.IllegalStateException: no line", error.getMessage());
        Communicator right = rank(1, Duration.ofSeconds(30));
        assertEquals(
                0,
                assertThrows(CollectiveAbortedException.class, right::barrier).culprit());
    }

    /** Cannot receive. */
    private record BrokenLines(Lines lines) implements Lines {
        @Override
        public Link link(int left, int right) {
            return new BrokenLink(lines.link(left, right));
        }

        @Override
        public Lines subset(int number, int[] ranks) {
            return this;
        }

        @Override
        public void close() {}
    }

    private record BrokenLink(Link link) implements Link {
        @Override
        public int maxChunkBytes() {
            return link.maxChunkBytes();
        }

        @Override
        public boolean trySend(ChunkHeader header, MemorySegment data, long offset, int length) {
            return link.trySend(header, data, offset, length);
        }

        @Override
        public int poll(ChunkReceiver receiver, int limit) {
            throw new IllegalStateException("no line");
        }
    }

    @Test
    void shouldNeverShowTheKey() {
        assertEquals("rank 1 of 2, generation 3", new Ring(3, 42, 1, 2).toString());
    }
}
