package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kolo.testkit.Seeded;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every collective, type and op, for rings of 1 to 8 ranks, over memory lines and over shared memory. */
@Seeded
@Timeout(600)
class CollectivesPropertyTest {
    private static final Duration PATIENT = Duration.ofSeconds(50);

    /** Staged in shared memory, also as bytes. */
    private static final int MAX_COUNT = 17_001;

    @TempDir
    private Path folder;

    private static int[] counts(int size) {
        return new int[] {0, 1, size - 1, size + 1, 257, MAX_COUNT};
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldDoWhatPlainLoopsDoOverLines(int size, SplittableRandom random) throws Exception {
        try (ThreadRing ring = new ThreadRing(size, PATIENT)) {
            check(ring, size, random);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
    void shouldDoWhatPlainLoopsDoInSharedMemory(int size, SplittableRandom random) throws Exception {
        try (ThreadRing ring = new ThreadRing(size, PATIENT, folder)) {
            check(ring, size, random);
        }
    }

    private static void check(ThreadRing ring, int size, SplittableRandom random) throws Exception {
        long seed = random.nextLong();
        List<Integer> checked = ring.run(communicator ->
                new CollectiveChecks(communicator, new SplittableRandom(seed), MAX_COUNT).checkAll(counts(size)));
        assertEquals(1, checked.stream().distinct().count(), "as many on every rank: " + checked);
        System.out.println(checked.getFirst() + " operations on " + size + " ranks");
    }
}
