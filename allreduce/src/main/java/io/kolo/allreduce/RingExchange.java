package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import java.lang.foreign.MemorySegment;

/** One buffer to a rank, another one from a rank, over the line to the one and the line from the other. */
final class RingExchange extends RingCollective {
    private final Segments incoming = new Segments();
    private final ChunkHeader expected;
    private MemorySegment target = MemorySegment.NULL;
    private DataType type = DataType.F32;

    RingExchange(Ring ring, Link link) {
        super(ring, link);
        this.expected = ChunkHeader.allocate().of(ring);
    }

    /** Starts over, over a link to {@code to} and from {@code from}; one of them may be {@link Plan#NOBODY}. */
    RingExchange start(Operation operation, Link link, int to, MemorySegment outgoing, int from, MemorySegment in) {
        between(link, from, to);
        this.type = operation.elements();
        this.target = in;
        long outCount = outgoing.byteSize() / type.sizeBytes();
        long inCount = in.byteSize() / type.sizeBytes();
        operation.describe(header(), outCount);
        operation.describe(expected, inCount);
        segments.cut(outCount, 1, maxChunkElements(type));
        incoming.cut(inCount, 1, maxChunkElements(type));
        start(
                outgoing,
                type,
                to != Plan.NOBODY ? segments.chunksPerSegment() : 0,
                from != Plan.NOBODY ? incoming.chunksPerSegment() : 0);
        return this;
    }

    @Override
    ChunkHeader expected() {
        return expected;
    }

    @Override
    MemorySegment target() {
        return target;
    }

    @Override
    Segments incoming() {
        return incoming;
    }

    @Override
    int sendable(int received) {
        return Integer.MAX_VALUE;
    }

    @Override
    int segmentToSend(int position) {
        return 0;
    }

    @Override
    int segmentToReceive(int position) {
        return 0;
    }

    @Override
    void combine(int position, MemorySegment target, long targetOffset, MemorySegment data, long offset, long count) {
        MemorySegment.copy(data, offset, target, targetOffset, count * type.sizeBytes());
    }
}
