package io.kolo.allreduce;

import static io.kolo.allreduce.HostBuffer.ANYWHERE;

import java.lang.foreign.MemorySegment;

/**
 * Short buffers through shared memory: each rank puts its own there, they meet, and each takes, and combines by itself,
 * what it is to have.
 */
final class FlatSweep {
    private static final int ALL = 0;

    private final HostGroup group;
    private final long base;
    private final Summands summands;

    FlatSweep(HostGroup group) {
        this.group = group;
        this.summands = new Summands(group.size());
        this.base = group.memory().segment().address();
    }

    /** Before the meeting. */
    void put(Operation operation, HostBuffer buffer) {
        int rank = group.rank();
        long own = base + group.flat(rank);
        switch (operation.collective()) {
            case BROADCAST -> {
                if (rank == operation.root()) {
                    MemorySegment.copy(buffer.data(), buffer.start(), ANYWHERE, own, buffer.byteSize());
                }
            }
            case ALL_GATHER -> {
                buffer.cut(group.size(), Long.MAX_VALUE);
                long offset = buffer.offset(rank, ALL);
                MemorySegment.copy(
                        buffer.data(), buffer.start() + offset, ANYWHERE, own + offset, buffer.bytes(rank, ALL));
            }
            default -> MemorySegment.copy(buffer.data(), buffer.start(), ANYWHERE, own, buffer.byteSize());
        }
    }

    /** After the meeting. */
    void take(Operation operation, HostBuffer buffer) {
        if (operation.collective() == Collective.BROADCAST) {
            if (group.rank() != operation.root()) {
                long root = base + group.flat(operation.root());
                MemorySegment.copy(ANYWHERE, root, buffer.data(), buffer.start(), buffer.byteSize());
            }
            return;
        }
        // What is on the heap is put together in this rank's staging, which nobody reads between two meetings.
        long result = buffer.isNative() ? buffer.start() : base + group.staging(group.rank(), 0);
        buffer.cut(group.size(), Long.MAX_VALUE);
        for (int segment = 0; segment < group.size(); segment++) {
            if (operation.delivers(segment, group.rank())) {
                long offset = buffer.offset(segment, ALL);
                long length = buffer.length(segment, ALL);
                combine(operation, segment, offset, result + offset, length, buffer.elementBytes());
                if (!buffer.isNative()) {
                    MemorySegment.copy(
                            ANYWHERE, result + offset, buffer.data(), offset, length * buffer.elementBytes());
                }
            }
        }
    }

    private void combine(Operation operation, int segment, long offset, long target, long count, int elementBytes) {
        int size = group.size();
        MemorySegment.copy(ANYWHERE, base + group.flat(segment) + offset, ANYWHERE, target, count * elementBytes);
        if (operation.combines()) {
            for (int i = 1; i < size; i++) {
                summands.set(i, base + group.flat((segment + i) % size) + offset - target);
            }
            summands.combine(operation.reducer(), target, count, false);
            operation.finish(ANYWHERE, target, count);
        }
    }
}
