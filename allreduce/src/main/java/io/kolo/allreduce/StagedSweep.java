package io.kolo.allreduce;

import static io.kolo.allreduce.HostBuffer.ANYWHERE;

import io.kolo.allreduce.HostGroup.Word;
import java.lang.foreign.MemorySegment;

/**
 * Buffers of which each rank sees its own only: round by round each rank puts a chunk of each other rank's segment into
 * its staging, combines the chunk of its own segment with what the others have staged of it, puts the result there, and
 * takes the results of the others. Rounds overlap, and the stagings stay in the cache.
 */
final class StagedSweep {
    private static final int PART_ALIGNMENT = 64;

    private final HostGroup group;
    private final long base;
    private final int partBytes;
    private final Summands summands;
    private long rounds;

    StagedSweep(HostGroup group) {
        this.group = group;
        this.base = group.memory().segment().address();
        this.partBytes = HostGroup.CHUNK_BYTES / group.size() & -PART_ALIGNMENT;
        this.summands = new Summands(group.size());
    }

    void run(Operation operation, HostBuffer buffer) {
        if (operation.collective() == Collective.BROADCAST) {
            for (long offset = 0; offset < buffer.byteSize(); offset += HostGroup.CHUNK_BYTES) {
                passOn(operation, buffer, offset);
            }
            return;
        }
        int chunks = buffer.cut(group.size(), partBytes);
        long first = rounds;
        for (int step = 0; step < chunks + 2; step++) {
            if (step < chunks) {
                stage(operation, buffer, step, first + step);
            }
            if (step >= 1 && step <= chunks) {
                combine(operation, buffer, step - 1, first + step - 1);
            }
            if (step >= 2) {
                take(operation, buffer, step - 2, first + step - 2);
            }
        }
        rounds += chunks;
    }

    /** Puts this rank's elements of the other ranks' segments into its staging, once all have taken what was there. */
    private void stage(Operation operation, HostBuffer buffer, int chunk, long round) {
        group.await(Word.CONSUMED, round - HostGroup.DEPTH + 1);
        if (operation.combines()) {
            for (int i = 1; i < group.size(); i++) {
                int segment = group.rightBy(i);
                MemorySegment.copy(
                        buffer.data(),
                        buffer.start() + buffer.offset(segment, chunk),
                        ANYWHERE,
                        part(group.rank(), segment, round),
                        buffer.bytes(segment, chunk));
            }
        }
        group.publish(Word.STAGED, round + 1);
    }

    /**
     * Combines this rank's own segment, and puts it into its staging for the others; what is on the heap, only there.
     */
    private void combine(Operation operation, HostBuffer buffer, int chunk, long round) {
        int rank = group.rank();
        long staged = part(rank, rank, round);
        long own = buffer.start() + buffer.offset(rank, chunk);
        long bytes = buffer.bytes(rank, chunk);
        if (!operation.combines()) {
            MemorySegment.copy(buffer.data(), own, ANYWHERE, staged, bytes);
        } else if (buffer.isNative()) {
            combine(operation, own, buffer.length(rank, chunk), round);
            MemorySegment.copy(ANYWHERE, own, ANYWHERE, staged, bytes);
        } else {
            MemorySegment.copy(buffer.data(), own, ANYWHERE, staged, bytes);
            combine(operation, staged, buffer.length(rank, chunk), round);
            MemorySegment.copy(ANYWHERE, staged, buffer.data(), own, bytes);
        }
        group.publish(Word.REDUCED, round + 1);
    }

    private void combine(Operation operation, long target, long length, long round) {
        for (int i = 1; i < group.size(); i++) {
            int other = group.rightBy(i);
            group.await(other, Word.STAGED, round + 1);
            summands.set(i, part(other, group.rank(), round) - target);
        }
        summands.combine(operation.reducer(), target, length, false);
        operation.finish(ANYWHERE, target, length);
    }

    private void take(Operation operation, HostBuffer buffer, int chunk, long round) {
        for (int i = 1; i < group.size(); i++) {
            int segment = group.rightBy(i);
            if (operation.delivers(segment, group.rank())) {
                group.await(segment, Word.REDUCED, round + 1);
                MemorySegment.copy(
                        ANYWHERE,
                        part(segment, segment, round),
                        buffer.data(),
                        buffer.start() + buffer.offset(segment, chunk),
                        buffer.bytes(segment, chunk));
            }
        }
        group.publish(Word.CONSUMED, round + 1);
    }

    /** Where a rank's staging has the chunk of a segment. */
    private long part(int rank, int segment, long round) {
        return base + group.staging(rank, round) + (long) segment * partBytes;
    }

    private void passOn(Operation operation, HostBuffer buffer, long offset) {
        int root = operation.root();
        long bytes = Math.min(HostGroup.CHUNK_BYTES, buffer.byteSize() - offset);
        long at = base + group.staging(root, rounds);
        if (group.rank() == root) {
            group.await(Word.CONSUMED, rounds - HostGroup.DEPTH + 1);
            MemorySegment.copy(buffer.data(), buffer.start() + offset, ANYWHERE, at, bytes);
            group.publish(Word.STAGED, rounds + 1);
        } else {
            group.await(root, Word.STAGED, rounds + 1);
            MemorySegment.copy(ANYWHERE, at, buffer.data(), buffer.start() + offset, bytes);
        }
        rounds++;
        group.publish(Word.CONSUMED, rounds);
    }
}
