package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;

/**
 * This rank's buffer in an operation over shared memory: elements from {@code start} of {@code data} on, in segments.
 *
 * <p>All memory off the heap is worked on by address, in one segment: a kernel that has seen segments of two kinds was
 * measured at 0.4 times the speed. What is given to it lies within a buffer, a part or a staging.
 */
final class HostBuffer {
    /** The segment whose offsets are addresses. */
    static final MemorySegment ANYWHERE = NativeMemory.EVERYWHERE;

    private final Segments segments = new Segments();
    private MemorySegment data = MemorySegment.NULL;
    private long start;
    private long count;
    private int elementBytes = 1;

    /** Takes a buffer as that of this operation; who uses it keeps it reachable. */
    void use(MemorySegment buffer, int elementBytes) {
        this.data = buffer.isNative() ? ANYWHERE : buffer;
        this.start = buffer.isNative() ? buffer.address() : 0;
        this.count = buffer.byteSize() / elementBytes;
        this.elementBytes = elementBytes;
    }

    /** Cuts it into a segment a rank, with chunks of at most {@code chunkBytes}; returns chunks a segment. */
    int cut(int size, long chunkBytes) {
        segments.cut(count, size, chunkBytes / elementBytes);
        return segments.chunksPerSegment();
    }

    MemorySegment data() {
        return data;
    }

    /** Returns whether it is off the heap: then {@link #data} is {@link #ANYWHERE}. */
    boolean isNative() {
        return data.isNative();
    }

    long start() {
        return start;
    }

    long count() {
        return count;
    }

    long byteSize() {
        return count * elementBytes;
    }

    int elementBytes() {
        return elementBytes;
    }

    /** Where a chunk is, in bytes from the start of this buffer. */
    long offset(int segment, int chunk) {
        return segments.offset(segment, chunk) * elementBytes;
    }

    /** Elements of a chunk. */
    long length(int segment, int chunk) {
        return segments.length(segment, chunk);
    }

    long bytes(int segment, int chunk) {
        return length(segment, chunk) * elementBytes;
    }
}
