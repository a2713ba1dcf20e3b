package io.kolo.allreduce;

import static io.kolo.allreduce.HostBuffer.ANYWHERE;

import java.lang.foreign.MemorySegment;

/**
 * Buffers that all ranks have mapped, at the same place of the same memory: after a meeting, rank k combines segment k
 * of all of them where they lie, block by block, and stores each block into those that are to have it; then they meet
 * again.
 */
final class DirectSweep {
    /** What a rank works on at a time: it stays in the cache from the first addition to the last store. */
    private static final int BLOCK_BYTES = 16 * 1024;

    /** After so many it looks whether it works in vain: about every millisecond. */
    private static final int BLOCKS_BETWEEN_LOOKS = 256;

    private final HostGroup group;
    private final Summands summands;

    DirectSweep(HostGroup group) {
        this.group = group;
        this.summands = new Summands(group.size());
    }

    void run(Operation operation, HostBuffer buffer, HostPlan.Shared memory) {
        if (operation.collective() == Collective.BROADCAST) {
            if (group.rank() != operation.root()) {
                copy(buffer, buffer.start() + distance(memory, operation.root()));
            }
        } else {
            int rank = group.rank();
            for (int i = 1; i < group.size(); i++) {
                summands.set(i, distance(memory, group.rightBy(i)));
            }
            int atOnce = storedAtOnce(operation);
            int blocks = buffer.cut(group.size(), BLOCK_BYTES);
            for (int block = 0; block < blocks; block++) {
                if (block % BLOCKS_BETWEEN_LOOKS == BLOCKS_BETWEEN_LOOKS - 1) {
                    group.look();
                }
                long own = buffer.start() + buffer.offset(rank, block);
                long length = buffer.length(rank, block);
                if (operation.combines()) {
                    summands.combine(operation.reducer(), own, length, atOnce > 0);
                    operation.finish(ANYWHERE, own, length);
                }
                store(operation, memory, own, buffer.bytes(rank, block), group.size() - atOnce);
            }
        }
        group.meet();
    }

    private void copy(HostBuffer buffer, long root) {
        long most = (long) BLOCKS_BETWEEN_LOOKS * BLOCK_BYTES;
        for (long done = 0; done < buffer.byteSize(); done += most) {
            group.look();
            MemorySegment.copy(
                    ANYWHERE, root + done, ANYWHERE, buffer.start() + done, Math.min(most, buffer.byteSize() - done));
        }
    }

    /**
     * How many ranks, the farthest ones to the right, have the result stored by the last addition, which reads them.
     */
    private int storedAtOnce(Operation operation) {
        int many = summands.inLastPass();
        for (int i = group.size() - many; i < group.size(); i++) {
            if (!operation.delivers(group.rank(), group.rightBy(i))) {
                return 0;
            }
        }
        return operation.combines() && !operation.hasToFinish() ? many : 0;
    }

    private void store(Operation operation, HostPlan.Shared memory, long own, long bytes, int end) {
        for (int i = 1; i < end; i++) {
            int rank = group.rightBy(i);
            if (operation.delivers(group.rank(), rank)) {
                MemorySegment.copy(ANYWHERE, own, ANYWHERE, own + distance(memory, rank), bytes);
            }
        }
    }

    /** From this rank's part to another one's. */
    private long distance(HostPlan.Shared memory, int rank) {
        return memory.address(rank) - memory.address(group.rank());
    }
}
