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
    private final ChunkHeader received = new ChunkHeader();

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
        int maxChunkBytes = (capacityBytes / 8 - ChunkHeader.LENGTH) / 64 * 64;
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
        int index = toRight.tryClaim(CHUNK_MESSAGE, ChunkHeader.LENGTH + length);
        if (index < 0) {
            return false;
        }
        header.copyTo(toRight.buffer(), index);
        long address = NativeMemory.address(toRight.buffer(), index + ChunkHeader.LENGTH);
        MemorySegment.copy(data, offset, NativeMemory.EVERYWHERE, address, length);
        toRight.commit(index);
        return true;
    }

    @Override
    public int poll(ChunkReceiver receiver, int limit) {
        return fromLeft.controlledRead(
                (type, buffer, index, length) -> {
                    boolean taken = receiver.onChunk(
                            received.wrap(buffer, index),
                            NativeMemory.EVERYWHERE,
                            NativeMemory.address(buffer, index + ChunkHeader.LENGTH),
                            length - ChunkHeader.LENGTH);
                    return taken ? Action.CONTINUE : Action.ABORT;
                },
                limit);
    }

    @Override
    public void close() {}
}
