package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** Ranks in one JVM: each line is a bounded ring buffer. For tests, on one thread or on a thread a rank. */
public final class MemoryLines implements Lines {
    private static final int CHUNK_MESSAGE = 1;

    /** A line between two ranks, by their numbers in the World. */
    private record Line(int channel, int from, int to) {}

    private final Map<Line, RingBuffer> lines;
    private final int capacityBytes;
    private final int channel;
    private final int[] ranks;
    private final int self;

    private MemoryLines(Map<Line, RingBuffer> lines, int capacityBytes, int channel, int[] ranks, int self) {
        this.lines = lines;
        this.capacityBytes = capacityBytes;
        this.channel = channel;
        this.ranks = ranks;
        this.self = self;
    }

    /**
     * Connects {@code size} ranks.
     *
     * @param size number of ranks
     * @param capacityBytes bytes under way between two ranks, a power of two; a chunk is at most an eighth of it
     * @return the lines by rank
     */
    public static Lines[] of(int size, int capacityBytes) {
        Map<Line, RingBuffer> lines = new ConcurrentHashMap<>();
        int[] all = IntStream.range(0, size).toArray();
        return IntStream.range(0, size)
                .mapToObj(rank -> new MemoryLines(lines, capacityBytes, 0, all, rank))
                .toArray(Lines[]::new);
    }

    @Override
    public Link link(int left, int right) {
        return new MemoryLink(
                line(ranks[left], self), line(self, ranks[right]), ChunkMessage.maxDataLength(capacityBytes / 8));
    }

    private RingBuffer line(int from, int to) {
        return lines.computeIfAbsent(
                new Line(channel, from, to),
                line -> new OneToOneRingBuffer(new UnsafeBuffer(
                        ByteBuffer.allocateDirect(capacityBytes + RingBufferDescriptor.TRAILER_LENGTH))));
    }

    @Override
    public Lines subset(int number, int[] ofThese) {
        int[] world = IntStream.of(ofThese).map(rank -> ranks[rank]).toArray();
        return new MemoryLines(lines, capacityBytes, Channels.child(channel, number), world, self);
    }

    @Override
    public void close() {}

    private record MemoryLink(RingBuffer fromLeft, RingBuffer toRight, int maxChunkBytes, ChunkMessage received)
            implements Link {
        MemoryLink(RingBuffer fromLeft, RingBuffer toRight, int maxChunkBytes) {
            this(fromLeft, toRight, maxChunkBytes, new ChunkMessage());
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
    }
}
