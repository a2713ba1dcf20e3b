package io.kolo.allreduce;

import static io.kolo.allreduce.Plan.NOBODY;

import java.lang.foreign.MemorySegment;

/**
 * The operations that are made of exchanges between two ranks. Parts are slices of a buffer, one a rank, in the order
 * of ranks; a rank's own part is copied, unless it is in its place already.
 */
final class Exchanges {
    private final Ring ring;
    private final int[] sent;
    private final int[] received;

    Exchanges(Ring ring) {
        this.ring = ring;
        this.sent = new int[ring.size()];
        this.received = new int[ring.size()];
    }

    /** Counts what is sent to a rank. */
    int nextSent(int to) {
        return ++sent[to];
    }

    /** Counts what is received from a rank. */
    int nextReceived(int from) {
        return ++received[from];
    }

    /** How a buffer is cut into one part a rank. */
    @FunctionalInterface
    interface Parts {
        MemorySegment of(int rank);

        /** Equal ones. */
        static Parts equal(MemorySegment all, int size) {
            long length = all.byteSize() / size;
            return rank -> all.asSlice(rank * length, length);
        }

        /** Of {@code counts[rank]} elements each. */
        static Parts counted(MemorySegment all, long[] counts, int elementBytes) {
            long[] offsets = new long[counts.length];
            for (int rank = 1; rank < counts.length; rank++) {
                offsets[rank] = offsets[rank - 1] + counts[rank - 1] * elementBytes;
            }
            return rank -> all.asSlice(offsets[rank], counts[rank] * elementBytes);
        }
    }

    void gather(Plan plan, Operation operation, MemorySegment own, Parts all) {
        if (ring.rank() != operation.root()) {
            plan.exchange(operation, operation.root(), own, NOBODY, MemorySegment.NULL);
            return;
        }
        copy(own, all.of(ring.rank()));
        for (int distance = 1; distance < ring.size(); distance++) {
            plan.exchange(operation, NOBODY, MemorySegment.NULL, before(distance), all.of(before(distance)));
        }
    }

    void scatter(Plan plan, Operation operation, Parts all, MemorySegment own) {
        if (ring.rank() != operation.root()) {
            plan.exchange(operation, NOBODY, MemorySegment.NULL, operation.root(), own);
            return;
        }
        for (int distance = 1; distance < ring.size(); distance++) {
            plan.exchange(operation, after(distance), all.of(after(distance)), NOBODY, MemorySegment.NULL);
        }
        copy(all.of(ring.rank()), own);
    }

    /** In the round of distance d each rank sends to the rank d places after it: all lines are used evenly. */
    void allToAll(Plan plan, Operation operation, Parts outgoing, Parts incoming) {
        copy(outgoing.of(ring.rank()), incoming.of(ring.rank()));
        for (int distance = 1; distance < ring.size(); distance++) {
            plan.exchange(
                    operation,
                    after(distance),
                    outgoing.of(after(distance)),
                    before(distance),
                    incoming.of(before(distance)));
        }
    }

    private int after(int distance) {
        return (ring.rank() + distance) % ring.size();
    }

    private int before(int distance) {
        return Math.floorMod(ring.rank() - distance, ring.size());
    }

    static void copy(MemorySegment source, MemorySegment target) {
        if (!(source.isNative() && target.isNative() && source.address() == target.address())) {
            MemorySegment.copy(source, 0, target, 0, source.byteSize());
        }
    }
}
