package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Seeded;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several hosts with several ranks each: folders that only the ranks of one see. */
@Seeded
@Timeout(600)
class HostsPlanTest {
    private static final Duration PATIENT = Duration.ofSeconds(50);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"2 + 2", "3 + 1", "1 + 3", "2 + 1 + 3"})
    void shouldAddUpOnEachHostAndThenBetweenThem(String layout, SplittableRandom random) throws Exception {
        int[] hosts = Arrays.stream(layout.split(" \\+ ", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        try (ThreadRing ring = ThreadRing.onHosts(PATIENT, folder, hosts)) {
            String plan = hosts.length + " hosts of " + layout + " ranks: shared memory on each, a ring of hosts";
            assertEquals(plan, ring.rank(1).description());
            long seed = random.nextLong();
            List<Integer> checked = ring.run(
                    communicator -> new CollectiveChecks(communicator, new SplittableRandom(seed), 20_011, hosts)
                            .checkAll(List.of(DataType.F32, DataType.BF16, DataType.I64), 0, 1, 257, 20_011));
            assertEquals(1, checked.stream().distinct().count());
        }
        try (Stream<Path> files = Files.walk(folder)) {
            assertEquals(0, files.filter(Files::isRegularFile).count(), "no proof and no memory has a name");
        }
    }

    @Test
    void shouldBeOneRingWhereEachRankHasAHostOfItsOwn() throws Exception {
        try (ThreadRing ring = ThreadRing.onHosts(PATIENT, folder, 1, 1, 1)) {
            assertEquals("a ring of all ranks", ring.rank(0).description());
        }
    }

    /** The steps between hosts are the same in all of these: what counts is what was asked for. */
    @ParameterizedTest
    @CsvSource({"all-reduce, F32", "reduce, F32", "reduce-scatter, F32", "all-reduce, F16"})
    void shouldTellWhenTheHostsAreInDifferentOperations(String other, DataType type) throws Exception {
        try (ThreadRing ring = ThreadRing.onHosts(PATIENT, folder, 2, 2)) {
            List<Throwable> failures = ring.failures(communicator -> {
                MemorySegment buffer = MemorySegment.ofArray(new float[1000]).asSlice(0, 1000L * type.sizeBytes());
                if (communicator.rank() < 2) {
                    communicator.reduce(MemorySegment.ofArray(new float[1000]), DataType.F32, ReduceOp.SUM, 1);
                } else if (other.equals("all-reduce")) {
                    communicator.allReduce(buffer, type, ReduceOp.SUM);
                } else if (other.equals("reduce")) {
                    communicator.reduce(buffer, type, ReduceOp.SUM, 0);
                } else {
                    communicator.reduceScatter(buffer, communicator.segment(buffer, type), type, ReduceOp.SUM);
                }
                return 0;
            });
            failures.forEach(failure -> assertInstanceOf(CollectiveException.class, failure));
            CollectiveMismatchException mismatch =
                    assertInstanceOf(CollectiveMismatchException.class, failures.getFirst());
            assertTrue(mismatch.getMessage().contains("reduce #"), mismatch.getMessage());
            assertTrue(mismatch.getMessage().contains(other + " #"), mismatch.getMessage());
            assertTrue(mismatch.getMessage().contains("SUM of 1000 " + type), mismatch.getMessage());
        }
    }

    /** Who waits in vain on a host, or between hosts, names whom it has waited for as all ranks know it. */
    @Test
    void shouldNameRanksAsTheWorldDoes() throws Exception {
        for (int missing : new int[] {3, 2}) {
            try (ThreadRing ring = ThreadRing.onHosts(Duration.ofMillis(500), folder, 2, 2)) {
                List<Throwable> failures = ring.failures(communicator -> {
                    if (communicator.rank() != missing) {
                        communicator.allReduce(new float[100_000], ReduceOp.SUM);
                    }
                    return 0;
                });
                for (int waiting : missing == 3 ? List.of(2) : List.of(3, 0, 1)) {
                    CollectiveTimeoutException late =
                            assertInstanceOf(CollectiveTimeoutException.class, failures.get(waiting));
                    assertEquals(missing, late.awaitedRank(), late.getMessage());
                    int waited = waiting == 1 ? 0 : waiting; // rank 1 waits for what its leader has to say
                    assertTrue(late.getMessage().contains("rank " + waited + " waited"), late.getMessage());
                    assertTrue(late.getMessage().contains("for rank " + missing), late.getMessage());
                }
            }
        }
    }

    /** Its leader waits for one host after the other, for none of them too long: so does a rank that waits for it. */
    @Test
    void shouldWaitForALeaderAsLongAsThatDoesNotWaitInVain() throws Exception {
        long timeoutMs = 3000;
        try (ThreadRing ring = ThreadRing.onHosts(Duration.ofMillis(timeoutMs), folder, 2, 1, 1)) {
            List<Float> sums = ring.run(communicator -> {
                int hostsBefore = List.of(0, 0, 2, 1).get(communicator.rank());
                Thread.sleep(hostsBefore * timeoutMs * 2 / 3); // together more than a timeout, by itself less
                float[] one = {1, 1, 1};
                communicator.allReduce(one, ReduceOp.SUM);
                return one[0];
            });
            assertEquals(List.of(4f, 4f, 4f, 4f), sums);
        }
    }

    /** A rank of the second host is gone: also the ranks of the first one hear of it. */
    @Test
    void shouldEndOnAllHostsWhenOneRankIsTold() throws Exception {
        try (ThreadRing ring = ThreadRing.onHosts(PATIENT, folder, 2, 2)) {
            List<Throwable> failures = ring.failures(communicator -> {
                if (communicator.rank() == 2) {
                    communicator.abort(3, "is lost");
                }
                if (communicator.rank() != 3) {
                    communicator.allReduce(new float[100_000], ReduceOp.SUM);
                }
                return 0;
            });
            for (int rank = 0; rank < 3; rank++) {
                assertEquals(
                        3,
                        assertInstanceOf(CollectiveAbortedException.class, failures.get(rank))
                                .culprit());
            }
        }
    }
}
