package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.allreduce.Buffers;
import io.kolo.allreduce.CollectiveChecks;
import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.ReferenceAllReduce;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Transport;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The property tests of collectives once more: each rank a process, over each transport, against one oracle. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class TransportSystemTest {
    /** More than a chunk a segment, and no whole number of them. */
    private static final int LARGE = 60_013;

    @ParameterizedTest
    @CsvSource({"2, UDP", "3, UDP", "4, UDP", "2, SHARED_MEMORY", "4, SHARED_MEMORY"})
    void shouldGiveTheOraclesBitsOnEachRank(int size, Transport transport, SplittableRandom random) {
        long seed = random.nextLong();
        try (RayExecutor executor =
                RayExecutor.builder().workers(size).transport(transport).build()) {
            executor.start();
            List<Integer> checked = executor.run(worker -> checkAll(worker.communicator(), seed));
            assertEquals(1, checked.stream().distinct().count(), "as many on every rank: " + checked);
            List<Integer> differing = executor.run(worker -> differing(worker.communicator(), seed));
            assertEquals(Collections.nCopies(size, 0), differing);
            // A set and the whole at once.
            List<Integer> inSets = executor.run(worker -> {
                Communicator set = worker.communicator().split(worker.rank() % 2);
                CompletableFuture<Integer> atOnce = CompletableFuture.supplyAsync(() -> differing(set, seed));
                return differing(worker.communicator(), seed) + atOnce.join();
            });
            assertEquals(Collections.nCopies(size, 0), inSets);
        }
    }

    /** Two nodes that the engine plays, which share no memory: shared memory on each, UDP between them. */
    @Test
    void shouldAddUpOnEachHostAndThenBetweenThem(SplittableRandom random) {
        long seed = random.nextLong();
        try (RayExecutor executor = RayExecutor.builder()
                .address("local")
                .nodes("2x{cpu:2}")
                .workers(4)
                .build()) {
            executor.start();
            List<String> plans = executor.run(worker -> {
                CollectiveChecks checks =
                        new CollectiveChecks(worker.communicator(), new SplittableRandom(seed), LARGE, 2, 2);
                int checked = checks.checkAll(List.of(DataType.F32, DataType.F16), 257, LARGE);
                return checked + " by " + worker.communicator().description();
            });
            assertTrue(
                    plans.getFirst().endsWith("2 hosts of 2 + 2 ranks: shared memory on each, a ring of hosts"),
                    plans.toString());
        }
    }

    private static int checkAll(Communicator communicator, long seed) {
        CollectiveChecks checks = new CollectiveChecks(communicator, new SplittableRandom(seed), LARGE);
        List<DataType> types =
                communicator.size() == 2 ? List.of(DataType.values()) : List.of(DataType.F32, DataType.U8);
        return checks.checkAll(types, 257) + checks.checkAll(List.of(DataType.F32), 0, LARGE);
    }

    /** The same inputs, 20 times over: returns how many results differ in a bit. */
    private static int differing(Communicator communicator, long seed) {
        List<MemorySegment> inputs =
                Buffers.random(communicator.size(), DataType.F32, LARGE, new SplittableRandom(seed));
        MemorySegment expected = ReferenceAllReduce.of(inputs, DataType.F32, ReduceOp.SUM);
        MemorySegment shared = communicator.allocate(expected.byteSize());
        int differing = 0;
        for (int run = 0; run < 20; run++) {
            MemorySegment own = MemorySegment.ofArray(new byte[(int) expected.byteSize()]);
            for (MemorySegment buffer : List.of(own, shared)) {
                buffer.copyFrom(inputs.get(communicator.rank()));
                communicator.allReduce(buffer, DataType.F32, ReduceOp.SUM);
                differing += expected.mismatch(buffer) == -1 ? 0 : 1;
            }
        }
        return differing;
    }
}
