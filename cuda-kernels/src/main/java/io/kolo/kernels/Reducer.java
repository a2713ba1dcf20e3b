package io.kolo.kernels;

import java.lang.foreign.MemorySegment;

/** Combines two runs of elements of one type by one operation. Stateless; any thread may call it. */
@FunctionalInterface
public interface Reducer {
    /**
     * Sets {@code target[i] = target[i] op source[i]} for {@code 0 <= i < count}.
     *
     * @param target memory in native byte order, written in place
     * @param targetOffset bytes from the start of {@code target}; any alignment
     * @param source memory in native byte order that is the same run as the target's or does not overlap it
     * @param sourceOffset bytes from the start of {@code source}; any alignment
     * @param count elements, at least 0
     * @throws IndexOutOfBoundsException where a run does not lie within its segment
     */
    void reduce(MemorySegment target, long targetOffset, MemorySegment source, long sourceOffset, long count);
}
