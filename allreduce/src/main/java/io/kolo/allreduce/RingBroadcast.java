package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import java.lang.foreign.MemorySegment;

/**
 * Ring broadcast: the root's chunks travel to the right, each rank passing on what it has received, up to the rank left
 * of the root. That one sends the root one empty chunk instead, so that the root too sees what its left neighbour is
 * doing.
 */
final class RingBroadcast extends RingCollective {
    private DataType type = DataType.F32;
    private boolean root;
    private boolean last;

    RingBroadcast(Ring ring, Link link) {
        super(ring, link);
    }

    RingBroadcast start(Operation operation, MemorySegment buffer) {
        this.type = operation.elements();
        long count = buffer.byteSize() / type.sizeBytes();
        operation.describe(header(), count);
        this.root = ring.rank() == operation.root();
        this.last = ring.right() == operation.root();
        segments.cut(count, 1, maxChunkElements(type));
        int chunks = ring.size() == 1 ? 0 : segments.chunksPerSegment();
        start(buffer, type, last ? Math.min(1, chunks) : chunks, root ? Math.min(1, chunks) : chunks);
        return this;
    }

    @Override
    int sendable(int received) {
        return root || last ? Integer.MAX_VALUE : received;
    }

    @Override
    int segmentToSend(int position) {
        return last ? Segments.NOTHING : 0;
    }

    @Override
    int segmentToReceive(int position) {
        return root ? Segments.NOTHING : 0;
    }

    @Override
    void combine(int position, MemorySegment target, long targetOffset, MemorySegment data, long offset, long count) {
        MemorySegment.copy(data, offset, target, targetOffset, count * type.sizeBytes());
    }
}
