package io.kolo.allreduce;

/**
 * Where a rank stands in the ring of one generation.
 *
 * @param generation the number of this fixed set of ranks; grows by one at each change
 * @param key secret of this generation: chunks that carry another one are dropped unread
 * @param rank this rank, {@code 0 <= rank < size}
 * @param size number of ranks, 1 to {@value #MAX_SIZE}
 */
public record Ring(int generation, long key, int rank, int size) {
    /** The number of a stream has 12 bits for a rank. */
    public static final int MAX_SIZE = 1 << 12;

    /** Checks the ranges. */
    public Ring {
        if (size < 1 || size > MAX_SIZE || rank < 0 || rank >= size) {
            throw new IllegalArgumentException("rank " + rank + " of " + size + " ranks");
        }
    }

    /** Returns the rank that sends to this one. */
    public int left() {
        return Math.floorMod(rank - 1, size);
    }

    /** Returns the rank that this one sends to. */
    public int right() {
        return (rank + 1) % size;
    }

    @Override
    public String toString() {
        return "rank " + rank + " of " + size + ", generation " + generation; // never the key
    }
}
