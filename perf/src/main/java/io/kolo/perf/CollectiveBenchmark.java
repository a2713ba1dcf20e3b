package io.kolo.perf;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.io.Serializable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Measures operations on floats, one after the other. Before each one every rank writes all of its buffer anew and
 * waits for the others; the time of an operation is that of the slowest rank; the result of the last one of each size
 * is checked element by element. Bandwidths are those of nccl-tests: algbw is the buffer over the median time, busbw
 * the part of it that each rank must at least send.
 */
public final class CollectiveBenchmark {
    private static final int FLOAT_BYTES = Float.BYTES;
    private static final int PERIOD = 1024;
    private static final long WARM_UP_BYTES = 1 << 20;
    private static final int WARM_UP_OPERATIONS = 200;
    private static final long WARM_UP_TURN_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long MOST_WARM_UP_NS = TimeUnit.SECONDS.toNanos(15);
    private static final long COMPILING_MS = 10;
    private static final long BYTES_A_SIZE = 8L << 30;
    private static final int MIN_OPERATIONS = 20;
    private static final int MAX_OPERATIONS = 10_000;

    /** What a size may take, as long as it has the fewest operations. */
    private static final long NS_A_SIZE = TimeUnit.SECONDS.toNanos(5);

    /** What is measured. */
    public enum Collective {
        /** Sums: the buffer holds a rank's elements, and the result. */
        ALL_REDUCE,
        /** The buffer has a part for each rank, and another one those from each rank. */
        ALL_TO_ALL;

        /** Returns what each rank must at least send, over the length of the buffer. */
        double sent(int ranks) {
            double others = (ranks - 1.0) / ranks;
            return this == ALL_REDUCE ? 2 * others : others;
        }
    }

    /** Where the buffers are. */
    public enum Memory {
        /** Where all ranks of a host can reach them. */
        SHARED,
        /** Where any program has its data. */
        PRIVATE
    }

    /**
     * What to measure.
     *
     * @param collective the operation
     * @param minBytes the smallest buffer, a multiple of 4
     * @param maxBytes the largest one
     * @param factor from one size to the next
     * @param memory where the buffers are
     */
    public record Options(Collective collective, long minBytes, long maxBytes, int factor, Memory memory)
            implements Serializable {
        /** Checks the sizes. */
        public Options {
            if (minBytes < FLOAT_BYTES || minBytes % FLOAT_BYTES != 0 || maxBytes < minBytes || factor < 2) {
                throw new IllegalArgumentException("sizes from " + minBytes + " to " + maxBytes
                        + " bytes by a factor of "
                        + factor + ": the smallest must be a multiple of 4, no larger than the largest, the factor 2 or"
                        + " more");
            }
        }
    }

    /**
     * The figures of one size.
     *
     * @param bytes of each rank's buffer
     * @param operations how many were measured
     * @param addUs median of what {@code a += b} takes until all ranks have added half of the elements each, so that
     *     they touch as many bytes as the buffers have; 0 where nothing is added
     * @param wrong elements of the last result that are not what they should be, on any rank
     */
    public record Row(
            long bytes,
            int operations,
            double minUs,
            double medianUs,
            double p99Us,
            double algbwGBs,
            double busbwGBs,
            double addUs,
            long wrong)
            implements Serializable {
        /**
         * Returns the memory bandwidth of an all-reduce of shared buffers of S bytes, of which each rank reads S and
         * writes S, over that of {@code a += b}, of which it reads S and writes S / 2: 1 is all that there is.
         */
        public double shareOfAdding() {
            return 2.0 / medianUs / (1.5 / addUs);
        }
    }

    /** What {@link #run} returns: how the ranks exchanged, and a row a size. */
    public record Result(Collective collective, int ranks, String plan, String memory, List<Row> rows)
            implements Serializable {}

    private final Communicator communicator;
    private final Collective collective;
    private final MemorySegment pattern;
    private final MemorySegment buffer;
    private final MemorySegment result;

    private CollectiveBenchmark(Communicator communicator, Options options, Arena arena) {
        if (options.collective == Collective.ALL_TO_ALL
                && options.minBytes < (long) FLOAT_BYTES * communicator.size()) {
            throw new IllegalArgumentException("an all-to-all of " + communicator.size() + " ranks has " + FLOAT_BYTES
                    + " bytes for each at least, not " + options.minBytes + " for all");
        }
        long bytes = options.maxBytes;
        this.communicator = communicator;
        this.collective = options.collective;
        this.buffer = allocate(options.memory, bytes, arena);
        this.result = options.collective == Collective.ALL_REDUCE ? buffer : allocate(options.memory, bytes, arena);
        this.pattern = arena.allocate(PERIOD * FLOAT_BYTES, 64);
        for (long i = 0; i < PERIOD; i++) {
            pattern.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (i * (communicator.rank() + 1)));
        }
    }

    private MemorySegment allocate(Memory memory, long bytes, Arena arena) {
        return memory == Memory.SHARED ? communicator.allocate(bytes) : arena.allocate(bytes, 64);
    }

    /** Measures, on every rank; all return the same. */
    public static Result run(Worker worker, Options options) {
        try (Arena arena = Arena.ofShared()) {
            return new CollectiveBenchmark(worker.communicator(), options, arena).run(options);
        }
    }

    private Result run(Options options) {
        warmUp(options);
        List<Row> rows = new ArrayList<>();
        for (long bytes = options.minBytes; bytes <= options.maxBytes; bytes *= options.factor) {
            int operations = affordable(bytes);
            timesNs(bytes, operations / 10 + 2);
            rows.add(measure(bytes, operations));
        }
        return new Result(collective, communicator.size(), communicator.description(), options.memory.name(), rows);
    }

    /**
     * Measures the sizes, and exchanges as many times as there can be, until the compilers of all ranks have been quiet
     * for a turn: on a machine without cores to spare they would take those of the ranks that are measured.
     */
    private void warmUp(Options options) {
        long last = Math.max(options.minBytes, Math.min(options.maxBytes, WARM_UP_BYTES));
        long startNs = System.nanoTime();
        long compiledMs;
        do {
            compiledMs = compiledMs();
            long turnNs = System.nanoTime();
            do {
                for (long bytes = options.minBytes; bytes <= last; bytes *= options.factor) {
                    int operations = Math.clamp(WARM_UP_OPERATIONS * WARM_UP_BYTES / bytes, 1, WARM_UP_OPERATIONS);
                    var unused = measure(bytes, operations);
                }
                slowest(new long[MAX_OPERATIONS]);
            } while (agreedSince(turnNs) < WARM_UP_TURN_NS);
        } while (agreed(compiledMs() - compiledMs) > COMPILING_MS && agreedSince(startNs) < MOST_WARM_UP_NS);
    }

    private static long compiledMs() {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        return compiler == null ? 0 : compiler.getTotalCompilationTime();
    }

    /** Returns how many operations of a size there is time for. */
    private int affordable(long bytes) {
        int most = Math.clamp(BYTES_A_SIZE / bytes, MIN_OPERATIONS, MAX_OPERATIONS);
        if (most == MIN_OPERATIONS) {
            return most; // however long they take
        }
        timesNs(bytes, 1);
        long startNs = System.nanoTime();
        timesNs(bytes, MIN_OPERATIONS);
        long inTime = NS_A_SIZE * MIN_OPERATIONS / agreedSince(startNs);
        return Math.clamp(inTime, MIN_OPERATIONS, most);
    }

    /** Returns the time that has passed on the slowest rank, in nanoseconds. */
    private long agreedSince(long startNs) {
        return agreed(System.nanoTime() - startNs);
    }

    /** Returns the largest of the ranks' values, so that all decide alike. */
    private long agreed(long value) {
        long[] largest = {value};
        slowest(largest);
        return largest[0];
    }

    /** Replaces times of this rank by those of the slowest. */
    private void slowest(long[] timesNs) {
        communicator.allReduce(MemorySegment.ofArray(timesNs), DataType.I64, ReduceOp.MAX);
    }

    private Row measure(long bytes, int operations) {
        long[] timesNs = timesNs(bytes, operations);
        if (collective == Collective.ALL_TO_ALL) {
            result.fill((byte) -1); // or what was there before would pass for what comes
            timesNs(bytes, 1);
        }
        long[] wrong = {wrong(bytes)};
        communicator.allReduce(MemorySegment.ofArray(wrong), DataType.I64, ReduceOp.SUM);
        slowest(timesNs);
        long[] addNs = collective == Collective.ALL_REDUCE ? addNs(bytes, Math.max(1, operations / 4)) : new long[1];
        return row(measured(bytes), timesNs, addNs, wrong[0]);
    }

    private long[] timesNs(long bytes, int operations) {
        MemorySegment own = buffer.asSlice(0, measured(bytes));
        MemorySegment others = result.asSlice(0, measured(bytes));
        long[] timesNs = new long[operations];
        for (int i = 0; i < operations; i++) {
            rewrite(own);
            communicator.barrier();
            long startNs = System.nanoTime();
            if (collective == Collective.ALL_REDUCE) {
                communicator.allReduce(own, DataType.F32, ReduceOp.SUM);
            } else {
                communicator.allToAll(own, others, DataType.F32);
            }
            timesNs[i] = System.nanoTime() - startNs;
        }
        return timesNs;
    }

    /** From a pattern that leaves the caches to the buffer, as where it is computed. */
    private void rewrite(MemorySegment own) {
        for (long at = 0; at < own.byteSize(); at += pattern.byteSize()) {
            MemorySegment.copy(pattern, 0, own, at, Math.min(pattern.byteSize(), own.byteSize() - at));
        }
    }

    /** All parts of an all-to-all are as long. */
    private long measured(long bytes) {
        long part = bytes / FLOAT_BYTES / communicator.size();
        return collective == Collective.ALL_REDUCE ? bytes : part * communicator.size() * FLOAT_BYTES;
    }

    /** What the machine can do: all ranks at once add up two arrays of half of the elements. */
    private long[] addNs(long bytes, int operations) {
        float[] target = new float[Math.toIntExact(Math.max(1, bytes / FLOAT_BYTES / 2))];
        float[] source = new float[target.length];
        long[] timesNs = new long[operations];
        for (int i = 0; i < operations; i++) {
            Arrays.fill(target, i);
            Arrays.fill(source, 1);
            communicator.barrier();
            long startNs = System.nanoTime();
            add(target, source);
            communicator.barrier(); // with fewer cores than ranks, some begin when others have ended
            timesNs[i] = System.nanoTime() - startNs;
        }
        slowest(timesNs);
        Arrays.sort(timesNs);
        return timesNs;
    }

    private static void add(float[] target, float[] source) {
        for (int i = 0; i < target.length; i++) {
            target[i] += source[i];
        }
    }

    /** Returns how many elements of the last result are not what they should be. */
    private long wrong(long bytes) {
        long elements = measured(bytes) / FLOAT_BYTES;
        long wrong = 0;
        for (long i = 0; i < elements; i++) {
            wrong += result.getAtIndex(ValueLayout.JAVA_FLOAT, i) == expected(i, elements) ? 0 : 1;
        }
        return wrong;
    }

    private float expected(long i, long elements) {
        int ranks = communicator.size();
        if (collective == Collective.ALL_REDUCE) {
            return (float) (i % PERIOD) * (ranks * (ranks + 1) / 2f);
        }
        long part = elements / ranks;
        return (float) ((communicator.rank() * part + i % part) % PERIOD * (i / part + 1));
    }

    private Row row(long bytes, long[] timesNs, long[] addNs, long wrong) {
        Arrays.sort(timesNs);
        double medianUs = timesNs[timesNs.length / 2] / 1e3;
        double algbwGBs = bytes / medianUs / 1e3;
        return new Row(
                bytes,
                timesNs.length,
                timesNs[0] / 1e3,
                medianUs,
                timesNs[timesNs.length * 99 / 100] / 1e3,
                algbwGBs,
                algbwGBs * collective.sent(communicator.size()),
                addNs[addNs.length / 2] / 1e3,
                wrong);
    }
}
