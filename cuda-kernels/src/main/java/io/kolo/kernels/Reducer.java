package io.kolo.kernels;

import java.lang.foreign.MemorySegment;

/** Combines two runs of elements of one type by one operation. Stateless; any thread may call it. */
@FunctionalInterface
public interface Reducer {
    /**
     * Sets {@code target[i] = target[i] op source[i]} for {@code 0 <= i < count}, and {@code source[i]} to the same if
     * {@code both}: what is to be in both is not read again to be copied.
     *
     * @param target memory in native byte order, written in place
     * @param targetOffset bytes from the start of {@code target}; any alignment
     * @param source memory in native byte order that is the same run as the target's or does not overlap it
     * @param sourceOffset bytes from the start of {@code source}; any alignment
     * @param count elements, at least 0
     * @param both whether the source is written, too
     * @throws IndexOutOfBoundsException where a run does not lie within its segment
     */
    void reduce(
            MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count, boolean both);

    /** Sets {@code target[i] = target[i] op source[i]}, and leaves the source as it is. */
    default void reduce(MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count) {
        reduce(target, targetOffset, source, sourceOffset, count, false);
    }
}
