package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;

/**
 * A rank's two neighbours: chunks go out to the right and come in from the left, in order and whole. A link never
 * blocks; who calls it decides how to wait. It is closed with the {@link Lines} that it is made of.
 */
public interface Link {
    /** Returns the most bytes of data that one chunk may have; a multiple of 64. */
    int maxChunkBytes();

    /**
     * Called by the thread that runs an operation before the first chunk: from here on, {@link #doWork} is its duty.
     */
    default void enter() {}

    /** Called when the operation is over, by the same thread: the link moves what is still under way by itself. */
    default void leave() {}

    /** Does a slice of the transport's own work, unless another thread is about it. */
    default void doWork() {}

    /**
     * Sends a chunk to the right if there is room for it.
     *
     * @param header what the chunk is; copied
     * @param data the segment that holds the chunk's bytes; copied
     * @param offset bytes from the start of {@code data}
     * @param length bytes, 0 to {@link #maxChunkBytes()}
     * @return false where the right neighbour has no room yet
     */
    boolean trySend(ChunkHeader header, MemorySegment data, long offset, int length);

    /**
     * Hands chunks from the left to {@code receiver}, each straight from where the transport received it.
     *
     * @return how many, at most {@code limit}
     */
    int poll(ChunkReceiver receiver, int limit);
}
