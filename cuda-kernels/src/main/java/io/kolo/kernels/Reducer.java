package io.kolo.kernels;

import java.lang.foreign.MemorySegment;

/** Combines runs of elements of one type by one operation. Stateless; any thread may call it. */
@FunctionalInterface
public interface Reducer {
    /** How many sources the reducers take at a time, where they take more than one. */
    int SOURCES = 3;

    /**
     * Sets {@code target[i] = ((target[i] op first[i]) op second[i]) op third[i]} for {@code 0 <= i < count}, in this
     * order, and the elements of the sources to the same if {@code all}: what all are to have is read and written once.
     *
     * @param target memory in native byte order, written in place
     * @param offset bytes from the start of {@code target}; any alignment
     * @param source memory in native byte order with the sources; none of them overlaps the target or another one
     * @param distances from {@code offset} to where each source is, in bytes: one, or {@link #SOURCES} of them
     * @param count elements, at least 0
     * @param all whether the sources are written, too
     * @throws IndexOutOfBoundsException where a run does not lie within its segment
     */
    void reduce(MemorySegment target, long offset, MemorySegment source, long[] distances, long count, boolean all);
}
