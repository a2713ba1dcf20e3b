package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;

/**
 * How a buffer of {@code count} elements is cut: into one segment a rank, and each segment into the same number of
 * chunks. The first {@code count % size} segments are one element longer than the rest; where a segment is shorter than
 * the others, its last chunk is short or empty. All chunk arithmetic is here.
 */
final class Segments {
    /** The segment without elements: its chunks carry a header and no data. */
    static final int NOTHING = -1;

    private long shortest;
    private long longer;
    private long chunkElements;
    private int chunks;

    /** Returns a rank's own segment of a buffer, as a slice of it. */
    static MemorySegment of(MemorySegment all, int elementBytes, Ring ring) {
        Segments segments = new Segments();
        segments.cut(all.byteSize() / elementBytes, ring.size(), Long.MAX_VALUE);
        return all.asSlice(
                segments.offset(ring.rank(), 0) * elementBytes, segments.length(ring.rank(), 0) * elementBytes);
    }

    /** Cuts {@code count} elements into {@code segments} segments with chunks of at most {@code chunkElements}. */
    void cut(long count, int segments, long chunkElements) {
        this.shortest = count / segments;
        this.longer = count % segments;
        this.chunkElements = chunkElements;
        long longest = shortest + (longer > 0 ? 1 : 0);
        this.chunks = Math.toIntExact(Math.max(1, Math.ceilDiv(longest, chunkElements)));
    }

    /** Chunks of each segment, at least 1: an empty segment is sent as an empty chunk, whose header still counts. */
    int chunksPerSegment() {
        return chunks;
    }

    /** Elements from the start of the buffer to the chunk. */
    long offset(int segment, int chunk) {
        if (segment == NOTHING) {
            return 0;
        }
        return segment * shortest + Math.min(segment, longer) + Math.min(chunk * chunkElements, length(segment));
    }

    /** Elements of the chunk. */
    long length(int segment, int chunk) {
        return Math.clamp(length(segment) - chunk * chunkElements, 0, chunkElements);
    }

    private long length(int segment) {
        return segment == NOTHING ? 0 : shortest + (segment < longer ? 1 : 0);
    }
}
