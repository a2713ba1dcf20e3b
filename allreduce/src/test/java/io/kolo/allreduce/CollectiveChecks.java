package io.kolo.allreduce;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Every collective of every type and op against plain loops over the inputs of all ranks. All ranks run it with
 * generators of the same seed: each draws the inputs of all, and so knows what has to come out.
 */
public final class CollectiveChecks {
    private final Communicator communicator;
    private final SplittableRandom random;
    private final MemorySegment shared;
    private final int rank;
    private final int size;
    private final int[] hosts;
    private int checked;

    /** @param maxCount of elements; twice as many bytes of 8 are allocated */
    public CollectiveChecks(Communicator communicator, SplittableRandom random, int maxCount) {
        this(communicator, random, maxCount, communicator.size());
    }

    /** @param hosts how many ranks each host has */
    public CollectiveChecks(Communicator communicator, SplittableRandom random, int maxCount, int... hosts) {
        this.hosts = hosts;
        this.communicator = communicator;
        this.random = random;
        this.shared = communicator.allocate(2 * 8L * maxCount);
        this.rank = communicator.rank();
        this.size = communicator.size();
    }

    /** Returns how many operations were checked; an {@link AssertionError} says which one is wrong, and where. */
    public int checkAll(int... counts) {
        return checkAll(List.of(DataType.values()), counts);
    }

    /** Checks all operations of some types. */
    public int checkAll(List<DataType> types, int... counts) {
        checked = 0;
        for (DataType type : types) {
            for (int count : counts) {
                for (ReduceOp op : ReduceOp.values()) {
                    if (type.allows(op)) {
                        checkCombining(type, op, count);
                    }
                }
                checkMoving(type, count);
            }
            communicator.barrier();
        }
        return checked;
    }

    private void checkCombining(DataType type, ReduceOp op, int count) {
        List<MemorySegment> inputs = Buffers.random(size, type, count, random);
        MemorySegment expected = ReferenceAllReduce.of(inputs, type, op, 1, 1, hosts);
        String what = op + " of " + count + " " + type;
        for (MemorySegment buffer : buffers(inputs.get(rank))) {
            communicator.allReduce(buffer, type, op);
            check(expected, buffer, "all-reduce: " + what);
        }
        int root = random.nextInt(size);
        for (MemorySegment buffer : buffers(inputs.get(rank))) {
            communicator.reduce(buffer, type, op, root);
            check(rank == root ? expected : buffer, buffer, "reduce to " + root + ": " + what);
        }
        for (MemorySegment buffer : buffers(inputs.get(rank))) {
            MemorySegment own = communicator.segment(expected, type);
            MemorySegment result = random.nextBoolean()
                    ? communicator.segment(buffer, type)
                    : MemorySegment.ofArray(new byte[(int) own.byteSize()]);
            communicator.reduceScatter(buffer, result, type, op);
            check(own, result, "reduce-scatter: " + what);
        }
        if (type.isFloating()) {
            MemorySegment scaled = ReferenceAllReduce.of(inputs, type, op, 0.3, 1.7, hosts);
            for (MemorySegment buffer : buffers(inputs.get(rank))) {
                communicator.allReduce(buffer, type, op, 0.3, 1.7);
                check(scaled, buffer, "scaled all-reduce: " + what);
            }
        }
    }

    private void checkMoving(DataType type, int count) {
        String what = count + " " + type;
        int root = random.nextInt(size);
        List<MemorySegment> inputs = Buffers.random(size, type, count, random);
        for (MemorySegment buffer : buffers(inputs.get(rank))) {
            communicator.broadcast(buffer, type, root);
            check(inputs.get(root), buffer, "broadcast from " + root + ": " + what);
        }
        MemorySegment joined = Buffers.random(1, type, count, random).getFirst();
        for (MemorySegment all : buffers(joined)) {
            MemorySegment own = copy(communicator.segment(joined, type));
            boolean inPlace = random.nextBoolean();
            MemorySegment place = communicator.segment(all, type);
            all.fill((byte) 0);
            place.copyFrom(own);
            communicator.allGather(inPlace ? place : own, all, type);
            check(joined, all, "all-gather: " + what);
        }
        long[] counts =
                LongStream.generate(() -> random.nextInt(count + 1)).limit(size).toArray();
        List<MemorySegment> parts = cut(type, counts);
        MemorySegment all = zeros(concat(parts).byteSize());
        communicator.allGatherV(parts.get(rank), all, counts, type);
        check(concat(parts), all, "all-gather-v: " + what);
        checkBetweenPairs(type, inputs, root, what);
    }

    private void checkBetweenPairs(DataType type, List<MemorySegment> inputs, int root, String what) {
        MemorySegment all = concat(inputs);
        MemorySegment collected = zeros(all.byteSize());
        communicator.gather(inputs.get(rank), rank == root ? collected : MemorySegment.NULL, type, root);
        check(rank == root ? all : collected, collected, "gather at " + root + ": " + what);
        MemorySegment own = zeros(inputs.get(rank).byteSize());
        communicator.scatter(rank == root ? all : MemorySegment.NULL, own, type, root);
        check(inputs.get(rank), own, "scatter from " + root + ": " + what);
        // What rank i sends to rank j is all of its input, turned by j: told apart by both ends.
        List<MemorySegment> sent = IntStream.range(0, size)
                .mapToObj(to -> turned(inputs.get(rank), to))
                .toList();
        List<MemorySegment> due = IntStream.range(0, size)
                .mapToObj(from -> turned(inputs.get(from), rank))
                .toList();
        communicator.allToAll(concat(sent), collected, type);
        check(concat(due), collected, "all-to-all: " + what);
        checkAllToAllV(type, inputs, what);
        if (size > 1) {
            int right = (rank + 1) % size;
            int left = Math.floorMod(rank - 1, size);
            MemorySegment fromLeft = zeros(inputs.get(left).byteSize());
            if (rank % 2 == 0) {
                communicator.send(inputs.get(rank), type, right);
                communicator.receive(fromLeft, type, left);
            } else {
                communicator.receive(fromLeft, type, left);
                communicator.send(inputs.get(rank), type, right);
            }
            check(inputs.get(left), fromLeft, "send from " + left + ": " + what);
        }
    }

    private void checkAllToAllV(DataType type, List<MemorySegment> inputs, String what) {
        long count = inputs.getFirst().byteSize() / type.sizeBytes();
        long[][] counts = new long[size][size];
        for (long[] row : counts) {
            for (int to = 0; to < size; to++) {
                row[to] = random.nextLong(count + 1);
            }
        }
        List<MemorySegment> sent = new ArrayList<>();
        List<MemorySegment> due = new ArrayList<>();
        long[] dueCounts = new long[size];
        for (int other = 0; other < size; other++) {
            sent.add(inputs.get(rank).asSlice(0, counts[rank][other] * type.sizeBytes()));
            due.add(inputs.get(other).asSlice(0, counts[other][rank] * type.sizeBytes()));
            dueCounts[other] = counts[other][rank];
        }
        MemorySegment received = zeros(concat(due).byteSize());
        communicator.allToAllV(concat(sent), counts[rank], received, dueCounts, type);
        check(concat(due), received, "all-to-all-v: " + what);
    }

    /** The same elements on the heap, off it, and anywhere in memory that the others can reach. */
    private List<MemorySegment> buffers(MemorySegment input) {
        long start = random.nextLong(shared.byteSize() - input.byteSize() + 1);
        return List.of(
                copy(input),
                Arena.ofAuto()
                        .allocate(input.byteSize() + 1, 64)
                        .asSlice(0, input.byteSize())
                        .copyFrom(input),
                shared.asSlice(start, input.byteSize()).copyFrom(input));
    }

    private List<MemorySegment> cut(DataType type, long[] counts) {
        return LongStream.of(counts)
                .mapToObj(count ->
                        Buffers.random(1, type, Math.toIntExact(count), random).getFirst())
                .toList();
    }

    private static MemorySegment turned(MemorySegment input, int by) {
        MemorySegment turned = copy(input);
        for (long i = 0; i < turned.byteSize(); i++) {
            byte old = turned.get(JAVA_BYTE, i);
            turned.set(JAVA_BYTE, i, (byte) (old + by));
        }
        return turned;
    }

    private static MemorySegment concat(List<MemorySegment> parts) {
        MemorySegment all =
                zeros(parts.stream().mapToLong(MemorySegment::byteSize).sum());
        long offset = 0;
        for (MemorySegment part : parts) {
            MemorySegment.copy(part, 0, all, offset, part.byteSize());
            offset += part.byteSize();
        }
        return all;
    }

    private static MemorySegment zeros(long length) {
        return MemorySegment.ofArray(new byte[Math.toIntExact(length)]);
    }

    private static MemorySegment copy(MemorySegment source) {
        return zeros(source.byteSize()).copyFrom(source);
    }

    private void check(MemorySegment expected, MemorySegment actual, String what) {
        long mismatch = expected.mismatch(actual);
        if (mismatch != -1) {
            throw new AssertionError(
                    what + ", rank " + rank + " of " + size + ": not what it has to be at byte " + mismatch);
        }
        checked++;
    }
}
