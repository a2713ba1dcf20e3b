package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kolo.allreduce.Buffers;
import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.ReferenceAllReduce;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Transport;
import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The property tests of collectives once more: each rank a process, over each transport, against one oracle. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class TransportSystemTest {
    /** More than a chunk a segment, and no whole number of them. */
    private static final int LARGE = 300_007;

    @ParameterizedTest
    @CsvSource({"2, UDP", "3, UDP", "4, UDP", "2, SHARED_MEMORY", "3, SHARED_MEMORY", "4, SHARED_MEMORY"})
    void shouldGiveTheOraclesBitsOnEachRank(int size, Transport transport, SplittableRandom random) {
        long seed = random.nextLong();
        try (RayExecutor executor =
                RayExecutor.builder().workers(size).transport(transport).build()) {
            executor.start();
            List<Integer> checked = executor.run(worker -> checkAll(worker, seed));
            int operations = DataType.values().length * (2 * ReduceOp.values().length + 1) * counts(size).length;
            assertEquals(Collections.nCopies(size, operations), checked);
        }
    }

    private static int[] counts(int size) {
        return new int[] {0, 1, size - 1, size, size + 1, 1031, LARGE};
    }

    /** Every rank draws the inputs of all ranks, and so knows what has to come out. */
    private static int checkAll(Worker worker, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Communicator communicator = worker.communicator();
        MemorySegment shared = communicator.allocate(LARGE * 8L);
        int checked = 0;
        for (DataType type : DataType.values()) {
            for (int count : counts(worker.size())) {
                for (ReduceOp op : ReduceOp.values()) {
                    List<MemorySegment> inputs = Buffers.random(worker.size(), type, count, random);
                    MemorySegment expected = ReferenceAllReduce.of(inputs, type, op);
                    try (Arena arena = Arena.ofConfined()) {
                        MemorySegment own = copy(arena, inputs.get(worker.rank()));
                        communicator.allReduce(own, type, op);
                        check(expected, own, op + " of " + count + " " + type);
                    }
                    // Memory that peers can reach, where there is such memory.
                    MemorySegment reachable = shared.asSlice(0, expected.byteSize());
                    reachable.copyFrom(inputs.get(worker.rank()));
                    communicator.allReduce(reachable, type, op);
                    check(expected, reachable, op + " of " + count + " " + type + " in memory of the communicator's");
                    checked += 2;
                }
                int root = random.nextInt(worker.size());
                List<MemorySegment> buffers = Buffers.random(worker.size(), type, count, random);
                MemorySegment expected = Buffers.copies(buffers).get(root);
                communicator.broadcast(buffers.get(worker.rank()), type, root);
                check(expected, buffers.get(worker.rank()), "broadcast of " + count + " " + type + " from " + root);
                checked++;
            }
            communicator.barrier();
        }
        return checked;
    }

    private static MemorySegment copy(Arena arena, MemorySegment source) {
        return arena.allocate(source.byteSize(), 64).copyFrom(source);
    }

    private static void check(MemorySegment expected, MemorySegment actual, String what) {
        long mismatch = expected.mismatch(actual);
        if (mismatch != -1) {
            throw new AssertionError(what + " differs from the oracle at byte " + mismatch);
        }
    }
}
