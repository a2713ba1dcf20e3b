package io.kolo.allreduce;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where a rank stands in the ring of one generation.
 *
 * @param generation the number of this fixed set of ranks; grows by one at each change
 * @param key secret of this generation: chunks that carry another one are dropped unread
 * @param rank this rank, {@code 0 <= rank < size}
 * @param size number of ranks, 1 to {@value #MAX_SIZE}
 * @param world of a process set, its ranks in the numbers of the World; empty if it is the World itself
 */
public record Ring(int generation, long key, int rank, int size, List<Integer> world) {
    /** The number of a stream has 12 bits for a rank. */
    public static final int MAX_SIZE = 1 << 12;

    /** Checks the ranges. */
    public Ring {
        if (size < 1 || size > MAX_SIZE || rank < 0 || rank >= size) {
            throw new IllegalArgumentException("rank " + rank + " of " + size + " ranks");
        }
    }

    /** The ring of all ranks. */
    public Ring(int generation, long key, int rank, int size) {
        this(generation, key, rank, size, List.of());
    }

    /** Returns what a rank is in the World. */
    int inWorld(int rank) {
        return world.isEmpty() ? rank : world.get(rank);
    }

    /** Returns what this rank is in the World. */
    int inWorld() {
        return inWorld(rank);
    }

    /** Returns the rank that sends to this one. */
    public int left() {
        return Math.floorMod(rank - 1, size);
    }

    /** Returns the rank that this one sends to. */
    public int right() {
        return (rank + 1) % size;
    }

    /**
     * Returns this rank's place in a process set, which has a key of its own.
     *
     * @param number of the set among those of its ranks
     * @param ranks of this ring, in order
     */
    Ring part(int number, int[] ranks) {
        ByteBuffer name = ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES)
                .putLong(key)
                .putInt(number)
                .putInt(ranks[0]);
        List<Integer> world = IntStream.of(ranks).mapToObj(this::inWorld).toList();
        return new Ring(generation, digest(name).getLong(), Arrays.binarySearch(ranks, rank), ranks.length, world);
    }

    /** Returns 32 bytes that say nothing of those that have been put, of which they are made. */
    static ByteBuffer digest(ByteBuffer bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes.flip());
            return ByteBuffer.wrap(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return "rank " + rank + " of " + size + ", generation " + generation; // never the key
    }
}
