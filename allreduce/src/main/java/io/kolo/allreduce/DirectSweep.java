package io.kolo.allreduce;

import static io.kolo.allreduce.HostBuffer.ANYWHERE;

import io.kolo.kernels.Reducer;
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

    DirectSweep(HostGroup group) {
        this.group = group;
    }

    void run(Operation operation, HostBuffer buffer, HostPlan.Shared memory) {
        if (operation.collective() == Collective.BROADCAST) {
            if (group.rank() != operation.root()) {
                copy(buffer, buffer.start() + distance(memory, operation.root()));
            }
        } else {
            int rank = group.rank();
            int blocks = buffer.cut(group.size(), BLOCK_BYTES);
            for (int block = 0; block < blocks; block++) {
                if (block % BLOCKS_BETWEEN_LOOKS == BLOCKS_BETWEEN_LOOKS - 1) {
                    group.look();
                }
                long own = buffer.start() + buffer.offset(rank, block);
                long length = buffer.length(rank, block);
                combine(operation, memory, own, length);
                store(operation, memory, own, buffer.bytes(rank, block));
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

    private void combine(Operation operation, HostPlan.Shared memory, long own, long length) {
        if (operation.combines()) {
            Reducer reducer = operation.reducer();
            for (int i = 1; i < group.size(); i++) {
                int rank = group.rightBy(i);
                reducer.reduce(
                        ANYWHERE, own, ANYWHERE, own + distance(memory, rank), length, storesAtOnce(operation, rank));
            }
            operation.finish(ANYWHERE, own, length);
        }
    }

    /** Whether the last addition has the result, and stores it into the buffer of {@code rank} that it reads. */
    private boolean storesAtOnce(Operation operation, int rank) {
        return rank == group.rightBy(group.size() - 1)
                && operation.combines()
                && !operation.hasToFinish()
                && operation.delivers(group.rank(), rank);
    }

    private void store(Operation operation, HostPlan.Shared memory, long own, long bytes) {
        for (int i = 1; i < group.size(); i++) {
            int rank = group.rightBy(i);
            if (operation.delivers(group.rank(), rank) && !storesAtOnce(operation, rank)) {
                MemorySegment.copy(ANYWHERE, own, ANYWHERE, own + distance(memory, rank), bytes);
            }
        }
    }

    /** From this rank's part to another one's. */
    private long distance(HostPlan.Shared memory, int rank) {
        return memory.address(rank) - memory.address(group.rank());
    }
}
