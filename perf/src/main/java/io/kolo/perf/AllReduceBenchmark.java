package io.kolo.perf;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.io.Serializable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Measures all-reduce operations of float sums, one after the other. Before each one every rank writes all of its
 * buffer anew and waits for the others; the time of an operation is that of the slowest rank; the result of the last
 * one of each size is checked element by element. Bandwidths are those of nccl-tests: algbw is the buffer over the
 * median time, busbw {@code 2 (n - 1) / n} of it, which is what each rank must at least send.
 */
public final class AllReduceBenchmark {
    private static final int FLOAT_BYTES = Float.BYTES;
    private static final int PERIOD = 1024;
    private static final int WARM_UP_OPERATIONS = 20_000;
    private static final int WARM_UP_BYTES = 64 * 1024;
    private static final long BYTES_A_SIZE = 8L << 30;
    private static final int MIN_OPERATIONS = 20;
    private static final int MAX_OPERATIONS = 10_000;

    private AllReduceBenchmark() {}

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
     * @param minBytes the smallest buffer, a multiple of 4
     * @param maxBytes the largest one
     * @param factor from one size to the next
     * @param memory where the buffers are
     */
    public record Options(long minBytes, long maxBytes, int factor, Memory memory) implements Serializable {
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
     * @param addUs median of what {@code a += b} takes where each rank does an n-th of the elements
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
         * Returns the memory bandwidth of an all-reduce of n shared buffers, of which each rank reads and writes
         * {@code S}, over that of {@code a += b}, of which it reads and writes {@code 3 S / n}: 1 is all that there is.
         */
        public double shareOfAdding(int ranks) {
            return 2.0 / medianUs / (3.0 / ranks / addUs);
        }
    }

    /** What {@link #run} returns: how the ranks exchanged, and a row a size. */
    public record Result(int ranks, String plan, String memory, List<Row> rows) implements Serializable {}

    /** Measures, on every rank; all return the same. */
    public static Result run(Worker worker, Options options) {
        Communicator communicator = worker.communicator();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = options.memory == Memory.SHARED
                    ? communicator.allocate(Math.max(options.maxBytes, WARM_UP_BYTES))
                    : arena.allocate(Math.max(options.maxBytes, WARM_UP_BYTES), 64);
            MemorySegment template = arena.allocate(buffer.byteSize(), 64);
            for (long i = 0; i < template.byteSize() / FLOAT_BYTES; i++) {
                template.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (i % PERIOD * (worker.rank() + 1)));
            }
            timesNs(communicator, buffer.asSlice(0, WARM_UP_BYTES), template, WARM_UP_OPERATIONS);
            int warmUps = Math.clamp(BYTES_A_SIZE / options.minBytes, MIN_OPERATIONS, WARM_UP_OPERATIONS);
            timesNs(communicator, buffer.asSlice(0, options.minBytes), template, warmUps);
            List<Row> rows = new ArrayList<>();
            for (long bytes = options.minBytes; bytes <= options.maxBytes; bytes *= options.factor) {
                int operations = Math.clamp(BYTES_A_SIZE / bytes, MIN_OPERATIONS, MAX_OPERATIONS);
                timesNs(communicator, buffer.asSlice(0, bytes), template, operations / 10 + 2);
                rows.add(measure(communicator, buffer.asSlice(0, bytes), template, operations));
            }
            return new Result(worker.size(), communicator.description(), options.memory.name(), rows);
        }
    }

    private static Row measure(
            Communicator communicator, MemorySegment buffer, MemorySegment template, int operations) {
        long[] timesNs = timesNs(communicator, buffer, template, operations);
        long[] wrong = {wrong(buffer, communicator.size())};
        communicator.allReduce(MemorySegment.ofArray(wrong), DataType.I64, ReduceOp.SUM);
        communicator.allReduce(MemorySegment.ofArray(timesNs), DataType.I64, ReduceOp.MAX);
        long[] addNs = addNs(communicator, buffer.byteSize(), Math.max(1, operations / 4));
        return row(buffer.byteSize(), timesNs, addNs, communicator.size(), wrong[0]);
    }

    private static long[] timesNs(
            Communicator communicator, MemorySegment buffer, MemorySegment template, int operations) {
        long[] timesNs = new long[operations];
        for (int i = 0; i < operations; i++) {
            MemorySegment.copy(template, 0, buffer, 0, buffer.byteSize());
            communicator.barrier();
            long startNs = System.nanoTime();
            communicator.allReduce(buffer, DataType.F32, ReduceOp.SUM);
            timesNs[i] = System.nanoTime() - startNs;
        }
        return timesNs;
    }

    /** What the machine can do: all ranks at once add up two arrays of an n-th of the elements. */
    private static long[] addNs(Communicator communicator, long bytes, int operations) {
        float[] target = new float[Math.toIntExact(Math.max(1, bytes / FLOAT_BYTES / communicator.size()))];
        float[] source = new float[target.length];
        long[] timesNs = new long[operations];
        for (int i = 0; i < operations; i++) {
            Arrays.fill(target, i);
            Arrays.fill(source, 1);
            communicator.barrier();
            long startNs = System.nanoTime();
            add(target, source);
            timesNs[i] = System.nanoTime() - startNs;
        }
        communicator.allReduce(MemorySegment.ofArray(timesNs), DataType.I64, ReduceOp.MAX);
        Arrays.sort(timesNs);
        return timesNs;
    }

    private static void add(float[] target, float[] source) {
        for (int i = 0; i < target.length; i++) {
            target[i] += source[i];
        }
    }

    private static long wrong(MemorySegment buffer, int size) {
        float ranks = size * (size + 1) / 2f;
        long wrong = 0;
        for (long i = 0; i < buffer.byteSize() / FLOAT_BYTES; i++) {
            if (buffer.getAtIndex(ValueLayout.JAVA_FLOAT, i) != (float) (i % PERIOD) * ranks) {
                wrong++;
            }
        }
        return wrong;
    }

    private static Row row(long bytes, long[] timesNs, long[] addNs, int size, long wrong) {
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
                algbwGBs * 2 * (size - 1) / size,
                addNs[addNs.length / 2] / 1e3,
                wrong);
    }
}
