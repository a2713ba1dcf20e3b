package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;

/** Takes the chunks that a {@link Link} receives. */
@FunctionalInterface
public interface ChunkReceiver {
    /**
     * Takes one chunk. Header and data are only valid during the call.
     *
     * @param header what the sender says the chunk is; not checked yet
     * @param data the segment that holds the chunk's bytes
     * @param offset bytes from the start of {@code data}
     * @param length bytes of the chunk, at least 0
     * @return false to leave the chunk where it is: the next poll begins with it
     */
    boolean onChunk(ChunkHeader header, MemorySegment data, long offset, int length);
}
