package io.kolo.allreduce;

import io.kolo.allreduce.HostGroup.Word;
import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.Reducer;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * All ranks on one host, through shared memory. Three ways, by where the buffers are and how long:
 *
 * <ul>
 *   <li><b>flat</b>, for short buffers: each rank puts its own into shared memory; they meet; each adds up all of them.
 *   <li><b>direct</b>, for buffers that all ranks have mapped: they meet; rank k adds up segment k of all buffers where
 *       they lie, and stores the sum into all of them; they meet again.
 *   <li><b>staged</b>, for all others: round by round each rank puts a chunk of each other rank's segment into its
 *       staging, reduces the chunk of its own segment from the stagings of the others, puts the result there, and takes
 *       the results of the others. Rounds overlap, and the stagings stay in the cache.
 * </ul>
 *
 * <p>In all of them segment k is added up in the order of ranks k, k + 1, ... k - 1, as {@link RingAllReduce} does it.
 */
final class HostPlan implements Plan {
    /** What a rank works on at a time in direct: it stays in the cache from the first addition to the last store. */
    private static final int BLOCK_BYTES = 64 * 1024;

    private static final int PART_ALIGNMENT = 64;

    /** Memory that all ranks have mapped, each with a part of its own. */
    private record Shared(long number, long length, List<MemorySegment> parts, HostMemory memory) {
        /** Returns where a rank's part begins, as an offset in {@link #ANYWHERE}. */
        long address(int rank) {
            return parts.get(rank).address();
        }
    }

    /**
     * Shared memory is worked on by address, in this one segment: kernels are several times slower where they have seen
     * segments of more than two kinds. What is given to it lies within a buffer, a part or a staging.
     */
    private static final MemorySegment ANYWHERE = NativeMemory.EVERYWHERE;

    private final HostGroup group;
    private final Kernels kernels;
    private final long base;
    private final Segments segments = new Segments();
    private final List<Shared> shared = new ArrayList<>();
    private long rounds;

    HostPlan(HostGroup group, Kernels kernels) {
        this.group = group;
        this.kernels = kernels;
        this.base = group.memory().segment().address();
    }

    @Override
    public String description() {
        return "shared memory of " + group.size() + " ranks";
    }

    Path folder() {
        return group.memory().folder();
    }

    /** Takes memory that all ranks have mapped, and returns this rank's part of it. */
    MemorySegment add(HostMemory memory, long length) {
        List<MemorySegment> parts = IntStream.range(0, group.size())
                .mapToObj(rank -> memory.part(rank, length))
                .toList();
        shared.add(new Shared(shared.size() + 1L, length, parts, memory));
        return parts.get(group.rank());
    }

    private @Nullable Shared find(MemorySegment buffer) {
        if (buffer.isNative()) {
            for (int i = 0; i < shared.size(); i++) {
                Shared candidate = shared.get(i);
                long offset = buffer.address() - candidate.address(group.rank());
                if (offset >= 0 && offset + buffer.byteSize() <= candidate.length) {
                    return candidate;
                }
            }
        }
        return null;
    }

    @Override
    public void allReduce(int sequence, MemorySegment buffer, DataType type, ReduceOp op) {
        long count = buffer.byteSize() / type.sizeBytes();
        Reducer reducer = kernels.reducer(type, op); // warm before anyone waits
        boolean flat = buffer.byteSize() <= HostGroup.FLAT_BYTES;
        Shared own = flat ? null : find(buffer);
        group.begin(sequence)
                .operation(Collective.ALL_REDUCE, sequence, 0, count)
                .numbers(type, op);
        if (flat) {
            MemorySegment.copy(buffer, 0, ANYWHERE, base + group.flat(group.rank()), buffer.byteSize());
        } else {
            group.locate(own == null ? 0 : own.number, own == null ? 0 : buffer.address() - own.address(group.rank()));
        }
        group.meetInOperation();
        if (flat) {
            reduceFlat(buffer, count, type, op, reducer);
        } else if (own != null && group.isLocatedAlike()) {
            reduceDirect(own, buffer.address(), count, type, op, reducer);
        } else {
            reduceStaged(buffer, count, type, op, reducer);
        }
    }

    private void reduceFlat(MemorySegment buffer, long count, DataType type, ReduceOp op, Reducer reducer) {
        int size = group.size();
        segments.cut(count, size, Long.MAX_VALUE);
        for (int segment = 0; segment < size; segment++) {
            long offset = segments.offset(segment, 0) * type.sizeBytes();
            long length = segments.length(segment, 0);
            MemorySegment.copy(
                    ANYWHERE, base + group.flat(segment) + offset, buffer, offset, length * type.sizeBytes());
            for (int i = 1; i < size; i++) {
                reducer.reduce(buffer, offset, ANYWHERE, base + group.flat((segment + i) % size) + offset, length);
            }
        }
        if (op == ReduceOp.AVERAGE) {
            kernels.divide(type, buffer, 0, count, size);
        }
    }

    private void reduceDirect(Shared own, long address, long count, DataType type, ReduceOp op, Reducer reducer) {
        int size = group.size();
        int rank = group.rank();
        long blockElements = BLOCK_BYTES / type.sizeBytes();
        segments.cut(count, size, Long.MAX_VALUE);
        long from = segments.offset(rank, 0);
        long to = from + segments.length(rank, 0);
        for (long element = from; element < to; element += blockElements) {
            long mine = address + element * type.sizeBytes();
            long length = Math.min(blockElements, to - element);
            for (int i = 1; i < size; i++) {
                reducer.reduce(ANYWHERE, mine, ANYWHERE, mine + distance(own, (rank + i) % size), length);
            }
            if (op == ReduceOp.AVERAGE) {
                kernels.divide(type, ANYWHERE, mine, length, size);
            }
            for (int i = 1; i < size; i++) {
                long others = mine + distance(own, (rank + i) % size);
                MemorySegment.copy(ANYWHERE, mine, ANYWHERE, others, length * type.sizeBytes());
            }
        }
        group.meet();
    }

    /** From this rank's part to another one's. */
    private long distance(Shared own, int rank) {
        return own.address(rank) - own.address(group.rank());
    }

    private void reduceStaged(MemorySegment buffer, long count, DataType type, ReduceOp op, Reducer reducer) {
        segments.cut(count, group.size(), partBytes() / type.sizeBytes());
        int chunks = segments.chunksPerSegment();
        long first = rounds;
        for (int step = 0; step < chunks + 2; step++) {
            if (step < chunks) {
                stage(buffer, step, first + step, type);
            }
            if (step >= 1 && step <= chunks) {
                reduce(buffer, step - 1, first + step - 1, type, op, reducer);
            }
            if (step >= 2) {
                take(buffer, step - 2, first + step - 2, type);
            }
        }
        rounds += chunks;
    }

    private int partBytes() {
        return HostGroup.CHUNK_BYTES / group.size() & -PART_ALIGNMENT;
    }

    /** Puts this rank's elements of the other ranks' segments into its staging, once all have taken what was there. */
    private void stage(MemorySegment buffer, int chunk, long round, DataType type) {
        group.await(Word.CONSUMED, round - HostGroup.DEPTH + 1);
        long target = base + group.staging(group.rank(), round);
        for (int i = 1; i < group.size(); i++) {
            int segment = (group.rank() + i) % group.size();
            long offset = segments.offset(segment, chunk) * type.sizeBytes();
            long bytes = segments.length(segment, chunk) * type.sizeBytes();
            MemorySegment.copy(buffer, offset, ANYWHERE, target + (long) segment * partBytes(), bytes);
        }
        group.publish(Word.STAGED, round + 1);
    }

    /** Adds up this rank's own segment, and puts it into its staging for the others. */
    private void reduce(MemorySegment buffer, int chunk, long round, DataType type, ReduceOp op, Reducer reducer) {
        int rank = group.rank();
        long part = (long) rank * partBytes();
        long offset = segments.offset(rank, chunk) * type.sizeBytes();
        long length = segments.length(rank, chunk);
        for (int i = 1; i < group.size(); i++) {
            int other = (rank + i) % group.size();
            group.await(other, Word.STAGED, round + 1);
            reducer.reduce(buffer, offset, ANYWHERE, base + group.staging(other, round) + part, length);
        }
        if (op == ReduceOp.AVERAGE) {
            kernels.divide(type, buffer, offset, length, group.size());
        }
        MemorySegment.copy(
                buffer, offset, ANYWHERE, base + group.staging(rank, round) + part, length * type.sizeBytes());
        group.publish(Word.REDUCED, round + 1);
    }

    private void take(MemorySegment buffer, int chunk, long round, DataType type) {
        for (int i = 1; i < group.size(); i++) {
            int segment = (group.rank() + i) % group.size();
            group.await(segment, Word.REDUCED, round + 1);
            long source = base + group.staging(segment, round) + (long) segment * partBytes();
            long offset = segments.offset(segment, chunk) * type.sizeBytes();
            long bytes = segments.length(segment, chunk) * type.sizeBytes();
            MemorySegment.copy(ANYWHERE, source, buffer, offset, bytes);
        }
        group.publish(Word.CONSUMED, round + 1);
    }

    @Override
    public void broadcast(int sequence, MemorySegment buffer, DataType type, int root) {
        long bytes = buffer.byteSize();
        boolean flat = bytes <= HostGroup.FLAT_BYTES;
        group.begin(sequence)
                .operation(Collective.BROADCAST, sequence, root, bytes / type.sizeBytes())
                .numbers(type, null);
        if (flat && group.rank() == root) {
            MemorySegment.copy(buffer, 0, ANYWHERE, base + group.flat(root), bytes);
        }
        group.meetInOperation();
        if (flat) {
            if (group.rank() != root) {
                MemorySegment.copy(ANYWHERE, base + group.flat(root), buffer, 0, bytes);
            }
            return;
        }
        for (long offset = 0; offset < bytes; offset += HostGroup.CHUNK_BYTES) {
            passOn(buffer, offset, Math.min(HostGroup.CHUNK_BYTES, bytes - offset), root);
        }
    }

    private void passOn(MemorySegment buffer, long offset, long bytes, int root) {
        long at = base + group.staging(root, rounds);
        if (group.rank() == root) {
            group.await(Word.CONSUMED, rounds - HostGroup.DEPTH + 1);
            MemorySegment.copy(buffer, offset, ANYWHERE, at, bytes);
            group.publish(Word.STAGED, rounds + 1);
        } else {
            group.await(root, Word.STAGED, rounds + 1);
            MemorySegment.copy(ANYWHERE, at, buffer, offset, bytes);
        }
        rounds++;
        group.publish(Word.CONSUMED, rounds);
    }

    @Override
    public void barrier(int sequence) {
        group.begin(sequence).operation(Collective.BARRIER, sequence, 0, 0);
        group.meetInOperation();
    }

    @Override
    public void fail(CollectiveException reason) {
        group.abort(reason);
    }

    @Override
    public void close() {
        shared.forEach(each -> each.memory.close());
        group.close();
    }
}
