package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Seeded;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Seeded
class RingPropertyTest {
    private static final Kernels KERNELS = Kernels.probe();

    private static final List<DataType> TYPES = List.of(DataType.F32, DataType.F64, DataType.I32, DataType.U8);

    /** Chunks of 448 bytes: the larger counts need several of them a segment. */
    private static final int SMALL_LINE = 4096;

    private static int[] counts(int size) {
        return new int[] {0, 1, size - 1, size, size + 1, 17, 257, 1031, 4099};
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldReduceLikeTheOracleInAnyOrderOfTurns(int size, SplittableRandom random) {
        OneThreadRing ring = new OneThreadRing(size, SMALL_LINE, KERNELS, random);
        int sequence = 0;
        for (DataType type : TYPES) {
            for (ReduceOp op : ReduceOp.values()) {
                for (int count : counts(size)) {
                    List<MemorySegment> inputs = Buffers.random(size, type, count, random);
                    List<MemorySegment> outputs = Buffers.copies(inputs);
                    int number = ++sequence;
                    assertNoErrors(ring.run(rank -> ring.allReduce(rank, number, outputs.get(rank), type, op)));
                    MemorySegment expected = ReferenceAllReduce.of(inputs, type, op);
                    assertAllEqual(expected, outputs, op + " of " + count + " " + type + " on " + size + " ranks");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldBroadcastFromEachRoot(int size, SplittableRandom random) {
        OneThreadRing ring = new OneThreadRing(size, SMALL_LINE, KERNELS, random);
        int sequence = 0;
        for (DataType type : TYPES) {
            for (int count : counts(size)) {
                for (int root = 0; root < size; root++) {
                    List<MemorySegment> buffers = Buffers.random(size, type, count, random);
                    MemorySegment expected = Buffers.copies(buffers).get(root);
                    int number = ++sequence;
                    int from = root;
                    assertNoErrors(ring.run(rank -> ring.broadcast(rank, number, buffers.get(rank), type, from)));
                    assertAllEqual(expected, buffers, count + " " + type + " from " + root + " of " + size);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 8})
    void shouldNotEndABarrierBeforeTheLastRankHasBegunIt(int size, SplittableRandom random) {
        OneThreadRing ring = new OneThreadRing(size, SMALL_LINE, KERNELS, random);
        int late = random.nextInt(size);
        List<RingCollective> barriers =
                IntStream.range(0, size).mapToObj(rank -> ring.barrier(rank, 1)).toList();
        for (int round = 0; round < 1000; round++) {
            int rank = random.nextInt(size);
            if (rank != late) {
                barriers.get(rank).doWork();
                assertTrue(!barriers.get(rank).isDone(), "rank " + rank + " has left, rank " + late + " has not come");
            }
        }
        assertNoErrors(ring.run(barriers::get));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void shouldNameTwoRanksAndBothValuesOnAllRanksWhenOneDisagrees(int size, SplittableRandom random) {
        for (Disagreement disagreement : Disagreement.values()) {
            OneThreadRing ring = new OneThreadRing(size, SMALL_LINE, KERNELS, random);
            int odd = random.nextInt(size);
            List<CollectiveException> errors = ring.run(rank -> disagreement.operation(ring, rank, rank == odd));
            List<CollectiveException> seen =
                    errors.stream().filter(Objects::nonNull).toList();
            // A broadcast's root may be through before anyone can know; it hears of it in its next operation.
            assertEquals(size, seen.size() + (disagreement == Disagreement.ROOT ? countNull(errors) : 0), "" + errors);
            for (CollectiveException error : seen) {
                CollectiveMismatchException mismatch = assertInstanceOf(CollectiveMismatchException.class, error);
                assertTrue(mismatch.leftRank() == odd || mismatch.rightRank() == odd, mismatch.getMessage());
                assertTrue(mismatch.getMessage().contains(disagreement.usual), mismatch.getMessage());
                assertTrue(mismatch.getMessage().contains(disagreement.unusual), mismatch.getMessage());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void shouldReachARootThatHasAllItNeedsButCanNotSendOn(int size, SplittableRandom random) {
        OneThreadRing ring = new OneThreadRing(size, SMALL_LINE, KERNELS, random);
        List<CollectiveException> errors = ring.run(rank ->
                ring.broadcast(rank, 1, MemorySegment.ofArray(new float[rank == 1 ? 9_999 : 10_000]), DataType.F32, 0));
        for (CollectiveException error : errors) {
            assertTrue(error.getMessage().contains("9999 F32 from root 0"), error.getMessage());
            assertTrue(error.getMessage().contains("10000 F32 from root 0"), error.getMessage());
        }
    }

    private static int countNull(List<CollectiveException> errors) {
        return (int) errors.stream().filter(Objects::isNull).count();
    }

    private enum Disagreement {
        COLLECTIVE("all-reduce #1 (SUM of 100 F32)", "barrier #1") {
            @Override
            RingCollective operation(OneThreadRing ring, int rank, boolean odd) {
                return odd ? ring.barrier(rank, 1) : sum(ring, rank, 1, 100);
            }
        },
        SEQUENCE("#1 ", "#2 ") {
            @Override
            RingCollective operation(OneThreadRing ring, int rank, boolean odd) {
                return sum(ring, rank, odd ? 2 : 1, 100);
            }
        },
        LENGTH("SUM of 100 F32", "SUM of 101 F32") {
            @Override
            RingCollective operation(OneThreadRing ring, int rank, boolean odd) {
                return sum(ring, rank, 1, odd ? 101 : 100);
            }
        },
        TYPE("SUM of 100 F32", "SUM of 100 I32") {
            @Override
            RingCollective operation(OneThreadRing ring, int rank, boolean odd) {
                return ring.allReduce(rank, 1, buffer(100), odd ? DataType.I32 : DataType.F32, ReduceOp.SUM);
            }
        },
        OP("SUM of 100 F32", "MAX of 100 F32") {
            @Override
            RingCollective operation(OneThreadRing ring, int rank, boolean odd) {
                return ring.allReduce(rank, 1, buffer(100), DataType.F32, odd ? ReduceOp.MAX : ReduceOp.SUM);
            }
        },
        ROOT("100 F32 from root 0", "100 F32 from root 1") {
            @Override
            RingCollective operation(OneThreadRing ring, int rank, boolean odd) {
                return ring.broadcast(rank, 1, buffer(100), DataType.F32, odd ? 1 : 0);
            }
        };

        private final String usual;
        private final String unusual;

        Disagreement(String usual, String unusual) {
            this.usual = usual;
            this.unusual = unusual;
        }

        abstract RingCollective operation(OneThreadRing ring, int rank, boolean odd);

        private static RingCollective sum(OneThreadRing ring, int rank, int sequence, int count) {
            return ring.allReduce(rank, sequence, buffer(count), DataType.F32, ReduceOp.SUM);
        }

        private static MemorySegment buffer(int count) {
            return MemorySegment.ofArray(new float[count]);
        }
    }

    private static void assertNoErrors(List<CollectiveException> errors) {
        assertEquals(Collections.nCopies(errors.size(), null), errors);
    }

    private static void assertAllEqual(MemorySegment expected, List<MemorySegment> actual, String what) {
        for (int rank = 0; rank < actual.size(); rank++) {
            assertEquals(-1, expected.mismatch(actual.get(rank)), what + ": rank " + rank);
        }
    }
}
