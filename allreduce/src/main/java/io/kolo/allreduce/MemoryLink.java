package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** Neighbours in one JVM: each line is a bounded ring buffer. For tests, on one thread or on a thread a rank. */
public final class MemoryLink implements Link {
    private static final int CHUNK_MESSAGE = 1;

    private final RingBuffer fromLeft;
    private final RingBuffer toRight;
    private final int maxChunkBytes;
    private final ChunkMessage received = new ChunkMessage();

    private MemoryLink(RingBuffer fromLeft, RingBuffer toRight, int maxChunkBytes) {
        this.fromLeft = fromLeft;
        this.toRight = toRight;
        this.maxChunkBytes = maxChunkBytes;
    }

    /**
     * Links {@code size} ranks to a ring.
     *
     * @param size number of ranks
     * @param capacityBytes bytes under way between two neighbours, a power of two
     * @return the links by rank; a chunk is at most an eighth of the capacity
     */
    public static List<MemoryLink> ring(int size, int capacityBytes) {
        List<RingBuffer> lines = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            lines.add(new OneToOneRingBuffer(
                    new UnsafeBuffer(ByteBuffer.allocateDirect(capacityBytes + RingBufferDescriptor.TRAILER_LENGTH))));
        }
        int maxChunkBytes = ChunkMessage.maxDataLength(capacityBytes / 8);
        List<MemoryLink> links = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            links.add(new MemoryLink(lines.get(rank), lines.get((rank + 1) % size), maxChunkBytes));
        }
        return links;
    }

    @Override
    public int maxChunkBytes() {
        return maxChunkBytes;
    }

    @Override
    public boolean trySend(ChunkHeader header, MemorySegment data, long offset, int length) {
        int index = toRight.tryClaim(CHUNK_MESSAGE, ChunkMessage.length(length));
        if (index < 0) {
            return false;
        }
        ChunkMessage.write(header, data, offset, length, toRight.buffer(), index);
        toRight.commit(index);
        return true;
    }

    @Override
    public int poll(ChunkReceiver receiver, int limit) {
        return fromLeft.controlledRead(
                (type, buffer, index, length) ->
                        received.handTo(receiver, buffer, index, length) ? Action.CONTINUE : Action.ABORT,
                limit);
    }

    @Override
    public void close() {}
}
