package io.kolo.allreduce;

import io.kolo.allreduce.HostGroup.Word;
import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.Reducer;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
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
     * All memory off the heap is worked on by address, in this one segment: a kernel that has seen segments of two
     * kinds was measured at 0.4 times the speed. What is given to it lies within a buffer, a part or a staging.
     */
    private static final MemorySegment ANYWHERE = NativeMemory.EVERYWHERE;

    private final HostGroup group;
    private final Kernels kernels;
    private final long base;
    private final Segments segments = new Segments();
    private final List<Shared> shared = new ArrayList<>();
    private long rounds;

    private MemorySegment data = MemorySegment.NULL;
    private long start;
    private DataType type = DataType.F32;
    private Reducer reducer;
    private boolean average;

    HostPlan(HostGroup group, Kernels kernels) {
        this.group = group;
        this.kernels = kernels;
        this.base = group.memory().segment().address();
        this.reducer = kernels.reducer(DataType.F32, ReduceOp.SUM);
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
        this.type = type;
        this.average = op == ReduceOp.AVERAGE;
        this.reducer = kernels.reducer(type, op); // warm before anyone waits
        use(buffer);
        try {
            allReduce(sequence, op, buffer.byteSize(), isFlat(buffer.byteSize()) ? null : find(buffer));
        } finally {
            Reference.reachabilityFence(buffer); // so far its memory was used by address
        }
    }

    private void allReduce(int sequence, ReduceOp op, long bytes, @Nullable Shared own) {
        long count = bytes / type.sizeBytes();
        boolean flat = isFlat(bytes);
        group.begin(sequence)
                .operation(Collective.ALL_REDUCE, sequence, 0, count)
                .numbers(type, op);
        if (flat) {
            MemorySegment.copy(data, start, ANYWHERE, base + group.flat(group.rank()), bytes);
        } else {
            group.locate(own == null ? 0 : own.number, own == null ? 0 : start - own.address(group.rank()));
        }
        group.meetInOperation();
        if (flat) {
            reduceFlat(count);
        } else if (own != null && group.isLocatedAlike()) {
            reduceDirect(own, count);
        } else {
            reduceStaged(count);
        }
    }

    private static boolean isFlat(long bytes) {
        return bytes <= HostGroup.FLAT_BYTES;
    }

    /** Takes a buffer as the data of this operation: by address, unless it is on the heap. */
    private void use(MemorySegment buffer) {
        data = buffer.isNative() ? ANYWHERE : buffer;
        start = buffer.isNative() ? buffer.address() : 0;
    }

    private void reduceFlat(long count) {
        int size = group.size();
        long result = data.isNative() ? start : base + group.staging(group.rank(), rounds);
        segments.cut(count, size, Long.MAX_VALUE);
        for (int segment = 0; segment < size; segment++) {
            long offset = segments.offset(segment, 0) * type.sizeBytes();
            long length = segments.length(segment, 0);
            long first = base + group.flat(segment) + offset;
            MemorySegment.copy(ANYWHERE, first, ANYWHERE, result + offset, length * type.sizeBytes());
            for (int i = 1; i < size; i++) {
                long other = base + group.flat((segment + i) % size) + offset;
                reducer.reduce(ANYWHERE, result + offset, ANYWHERE, other, length);
            }
        }
        if (average) {
            kernels.divide(type, ANYWHERE, result, count, size);
        }
        if (!data.isNative()) {
            MemorySegment.copy(ANYWHERE, result, data, start, count * type.sizeBytes());
        }
    }

    private void reduceDirect(Shared own, long count) {
        int size = group.size();
        int rank = group.rank();
        long blockElements = BLOCK_BYTES / type.sizeBytes();
        segments.cut(count, size, Long.MAX_VALUE);
        long from = segments.offset(rank, 0);
        long to = from + segments.length(rank, 0);
        for (long element = from; element < to; element += blockElements) {
            long mine = start + element * type.sizeBytes();
            long length = Math.min(blockElements, to - element);
            for (int i = 1; i < size; i++) {
                reducer.reduce(ANYWHERE, mine, ANYWHERE, mine + distance(own, (rank + i) % size), length);
            }
            if (average) {
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

    private void reduceStaged(long count) {
        segments.cut(count, group.size(), partBytes() / type.sizeBytes());
        int chunks = segments.chunksPerSegment();
        long first = rounds;
        for (int step = 0; step < chunks + 2; step++) {
            if (step < chunks) {
                stage(step, first + step);
            }
            if (step >= 1 && step <= chunks) {
                reduce(step - 1, first + step - 1);
            }
            if (step >= 2) {
                take(step - 2, first + step - 2);
            }
        }
        rounds += chunks;
    }

    private int partBytes() {
        return HostGroup.CHUNK_BYTES / group.size() & -PART_ALIGNMENT;
    }

    /** Puts this rank's elements of the other ranks' segments into its staging, once all have taken what was there. */
    private void stage(int chunk, long round) {
        group.await(Word.CONSUMED, round - HostGroup.DEPTH + 1);
        for (int i = 1; i < group.size(); i++) {
            int segment = (group.rank() + i) % group.size();
            MemorySegment.copy(
                    data, at(segment, chunk), ANYWHERE, part(group.rank(), segment, round), bytes(segment, chunk));
        }
        group.publish(Word.STAGED, round + 1);
    }

    /**
     * Adds up this rank's own segment, and puts it into its staging for the others; what is on the heap, only there.
     */
    private void reduce(int chunk, long round) {
        int rank = group.rank();
        long staged = part(rank, rank, round);
        long length = segments.length(rank, chunk);
        boolean inPlace = data.isNative();
        long result = inPlace ? at(rank, chunk) : staged;
        if (!inPlace) {
            MemorySegment.copy(data, at(rank, chunk), ANYWHERE, staged, bytes(rank, chunk));
        }
        for (int i = 1; i < group.size(); i++) {
            int other = (rank + i) % group.size();
            group.await(other, Word.STAGED, round + 1);
            reducer.reduce(ANYWHERE, result, ANYWHERE, part(other, rank, round), length);
        }
        if (average) {
            kernels.divide(type, ANYWHERE, result, length, group.size());
        }
        if (inPlace) {
            MemorySegment.copy(ANYWHERE, result, ANYWHERE, staged, bytes(rank, chunk));
        } else {
            MemorySegment.copy(ANYWHERE, staged, data, at(rank, chunk), bytes(rank, chunk));
        }
        group.publish(Word.REDUCED, round + 1);
    }

    private void take(int chunk, long round) {
        for (int i = 1; i < group.size(); i++) {
            int segment = (group.rank() + i) % group.size();
            group.await(segment, Word.REDUCED, round + 1);
            MemorySegment.copy(
                    ANYWHERE, part(segment, segment, round), data, at(segment, chunk), bytes(segment, chunk));
        }
        group.publish(Word.CONSUMED, round + 1);
    }

    /** Where a chunk of the data is. */
    private long at(int segment, int chunk) {
        return start + segments.offset(segment, chunk) * type.sizeBytes();
    }

    private long bytes(int segment, int chunk) {
        return segments.length(segment, chunk) * type.sizeBytes();
    }

    /** Where a rank's staging has the chunk of a segment. */
    private long part(int rank, int segment, long round) {
        return base + group.staging(rank, round) + (long) segment * partBytes();
    }

    @Override
    public void broadcast(int sequence, MemorySegment buffer, DataType type, int root) {
        long bytes = buffer.byteSize();
        boolean flat = isFlat(bytes);
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
