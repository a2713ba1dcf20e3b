package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Seeded;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Several hosts with several ranks each: folders that only the ranks of one see. */
@Seeded
@Timeout(120)
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
