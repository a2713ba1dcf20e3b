package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One rank's part in one operation: a duty cycle that takes chunks from the left and gives chunks to the right until
 * its schedule is through. It allocates nothing, never waits and does not know the time, so that a ring of many ranks
 * can turn on one thread; {@link Communicator} is the loop around it.
 *
 * <p>A schedule says, by running number, which chunk is sent when and what becomes of a received one. In every
 * operation each rank receives at least one chunk from its left: if all neighbours agree on what they do, all ranks do.
 */
abstract class RingCollective {
    private static final int POLL_LIMIT = 16;

    final Ring ring;

    /** How the buffer is cut that is sent from. */
    final Segments segments = new Segments();

    private final ChunkReceiver receiver = this::onChunk;
    private final ChunkHeader header;
    private final Abort abort;

    private Link link;
    private int left;
    private int right;
    private MemorySegment buffer = MemorySegment.NULL;
    private int elementBytes = 1;
    private int toSend;
    private int toReceive;
    private int sent;
    private int received;
    private @Nullable CollectiveException failure;

    RingCollective(Ring ring, Link link) {
        this.ring = ring;
        this.link = link;
        this.left = ring.left();
        this.right = ring.right();
        this.header = ChunkHeader.allocate().of(ring);
        this.abort = new Abort(ring);
    }

    /** Puts this rank between two others than its neighbours. */
    final void between(Link link, int left, int right) {
        this.link = link;
        this.left = left;
        this.right = right;
    }

    /** Starts over with a new operation; {@code header} has been filled in. */
    final void start(MemorySegment buffer, DataType type, int toSend, int toReceive) {
        this.buffer = buffer;
        this.elementBytes = type.sizeBytes();
        this.toSend = toSend;
        this.toReceive = toReceive;
        this.sent = 0;
        this.received = 0;
    }

    /** What is in front of each outgoing chunk. */
    final ChunkHeader header() {
        return header;
    }

    /** What must be in front of each incoming chunk. */
    ChunkHeader expected() {
        return header;
    }

    /** Where incoming chunks go. */
    MemorySegment target() {
        return buffer;
    }

    /** How the buffer is cut that is received into. */
    Segments incoming() {
        return segments;
    }

    final long maxChunkElements(DataType type) {
        return link.maxChunkBytes() / type.sizeBytes();
    }

    /** How many chunks may have been sent once {@code received} chunks are here. */
    abstract int sendable(int received);

    /** The segment of the outgoing chunk number {@code position}. */
    abstract int segmentToSend(int position);

    /** The segment of the incoming chunk number {@code position}. */
    abstract int segmentToReceive(int position);

    /** Combines an incoming chunk with the buffer; all arguments in bytes but {@code count}, which is in elements. */
    abstract void combine(
            int position, MemorySegment target, long targetOffset, MemorySegment data, long offset, long count);

    /** Also news that comes with the very last chunk counts: whoever sent it is out of the ring. */
    final boolean isDone() {
        return failure == null && sent == toSend && received == toReceive;
    }

    /** Returns why the operation has failed, or null if it has not. */
    @Nullable
    final CollectiveException failure() {
        return failure;
    }

    /**
     * Does what can be done without waiting.
     *
     * @return chunks of this operation that moved
     * @throws CollectiveException once the operation has failed and the right neighbour has been told
     */
    final int doWork() {
        link.doWork(); // its heartbeats are no progress of ours
        if (failure != null) {
            tellRight(failure);
            return 0;
        }
        int before = received + sent;
        if (left != Plan.NOBODY) {
            link.poll(receiver, POLL_LIMIT);
        }
        while (failure == null && sent < Math.min(toSend, sendable(received)) && sendNext()) {
            Thread.onSpinWait();
        }
        return received + sent - before;
    }

    private boolean sendNext() {
        int segment = segmentToSend(sent);
        int chunk = sent % segments.chunksPerSegment();
        long offset = segments.offset(segment, chunk) * elementBytes;
        int length = (int) segments.length(segment, chunk) * elementBytes;
        if (!link.trySend(header.chunk(sent), buffer, offset, length)) {
            return false;
        }
        sent++;
        return true;
    }

    private boolean onChunk(ChunkHeader from, MemorySegment data, long offset, int length) {
        ChunkHeader expected = expected();
        if (failure != null || !from.isOfGenerationOf(expected)) {
            return true; // dropped: a late byte of another generation, or a stranger's
        }
        if (from.is(Collective.ABORT)) {
            fail(Abort.read(data, offset, length));
            return true;
        }
        if (received == toReceive) {
            return false; // of the next operation
        }
        Segments incoming = incoming();
        int segment = segmentToReceive(received);
        int chunk = received % incoming.chunksPerSegment();
        long count = incoming.length(segment, chunk);
        if (!from.isOfOperationOf(expected) || from.chunk() != received || length != count * elementBytes) {
            fail(mismatch(from, length));
            return true;
        }
        combine(received, target(), incoming.offset(segment, chunk) * elementBytes, data, offset, count);
        received++;
        return true;
    }

    private CollectiveMismatchException mismatch(ChunkHeader from, int length) {
        return CollectiveMismatchException.of(
                ring,
                left,
                ring.rank(),
                "rank " + ring.inWorld(left) + " is in " + from + ", chunk " + from.chunk() + " of " + length
                        + " bytes; rank " + ring.inWorld() + " is in " + expected()
                        + " and expects chunk " + received);
    }

    /** Gives the operation up; the next {@link #doWork} tells the right neighbour and throws {@code reason}. */
    final void fail(CollectiveException reason) {
        if (failure == null) {
            failure = reason;
        }
    }

    private void tellRight(CollectiveException reason) {
        if (right == Plan.NOBODY || abort.trySend(link, reason)) {
            throw reason;
        }
    }

    /** The error that says what this rank has been waiting for. */
    final CollectiveTimeoutException timeout(long waitedMs) {
        boolean receiving = received < toReceive;
        int awaited = receiving ? left : right;
        String chunk = receiving
                ? "to send chunk " + (received + 1) + " of " + toReceive
                : "to take chunk " + (sent + 1) + " of " + toSend;
        return new CollectiveTimeoutException(
                "generation " + ring.generation() + ", " + expected() + ": rank " + ring.inWorld() + " waited "
                        + waitedMs + " ms for rank " + ring.inWorld(awaited) + " " + chunk,
                ring.inWorld(awaited));
    }
}
