package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Seeded;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Seeded
@Timeout(600)
class HostPlanPropertyTest {
    private static final Duration PATIENT = Duration.ofSeconds(50);

    /** 8-byte elements of these are flat up to 2,048, and take several rounds of staging from 40,000 on. */
    private static final int[] LONG_COUNTS = {2049, 4097, 40_961, 300_007};

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void shouldReduceLongBuffersInRounds(int size, SplittableRandom random) throws Exception {
        try (ThreadRing ring = new ThreadRing(size, PATIENT, folder)) {
            List<MemorySegment> shared = ring.run(communicator -> communicator.allocate(300_007L * 8));
            for (int count : LONG_COUNTS) {
                assertReduces(ring, shared, count, DataType.F64, ReduceOp.AVERAGE, random);
                assertReduces(ring, shared, count, DataType.F32, ReduceOp.SUM, random);
            }
        }
    }

    /** Staged, and direct on a slice of the shared memory that begins anywhere. */
    private static void assertReduces(
            ThreadRing ring, List<MemorySegment> shared, int count, DataType type, ReduceOp op, SplittableRandom random)
            throws Exception {
        List<MemorySegment> inputs = Buffers.random(shared.size(), type, count, random);
        List<MemorySegment> outputs = Buffers.copies(inputs);
        MemorySegment expected = ReferenceAllReduce.of(inputs, type, op);
        String what = op + " of " + count + " " + type + " on " + shared.size() + " ranks";
        ring.run(communicator -> {
            communicator.allReduce(outputs.get(communicator.rank()), type, op);
            return 0;
        });
        outputs.forEach(output -> assertEquals(-1, expected.mismatch(output), what + ", private"));
        long bytes = expected.byteSize();
        long start = random.nextLong(shared.getFirst().byteSize() - bytes + 1);
        List<MemorySegment> slices =
                shared.stream().map(part -> part.asSlice(start, bytes)).toList();
        ring.run(communicator -> {
            slices.get(communicator.rank()).copyFrom(inputs.get(communicator.rank()));
            communicator.allReduce(slices.get(communicator.rank()), type, op);
            return 0;
        });
        slices.forEach(slice -> assertEquals(-1, expected.mismatch(slice), what + ", shared"));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 8})
    void shouldBroadcastFromEachRoot(int size, SplittableRandom random) throws Exception {
        try (ThreadRing ring = new ThreadRing(size, PATIENT, folder)) {
            for (int count : new int[] {0, 1, 17, 1031, 5003, 300_007}) {
                for (int root = 0; root < size; root++) {
                    List<MemorySegment> buffers = Buffers.random(size, DataType.I64, count, random);
                    MemorySegment expected = Buffers.copies(buffers).get(root);
                    int from = root;
                    ring.run(communicator -> {
                        communicator.broadcast(buffers.get(communicator.rank()), DataType.I64, from);
                        return 0;
                    });
                    buffers.forEach(buffer -> assertEquals(-1, expected.mismatch(buffer), count + " from " + from));
                }
            }
        }
    }

    /** Of several chunks each, so that the outboxes come round again, and a sender waits for a receiver. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void shouldExchangeWhatFillsTheOutboxesMoreThanOnce(int size, SplittableRandom random) throws Exception {
        try (ThreadRing ring = new ThreadRing(size, PATIENT, folder)) {
            int count = 5 * HostGroup.CHUNK_BYTES / Float.BYTES + 7;
            List<MemorySegment> outgoing = Buffers.random(size, DataType.F32, size * count, random);
            List<MemorySegment> incoming = Buffers.random(size, DataType.F32, size * count, random);
            ring.run(communicator -> {
                int rank = communicator.rank();
                communicator.allToAll(outgoing.get(rank), incoming.get(rank), DataType.F32);
                return 0;
            });
            long part = (long) count * Float.BYTES;
            for (int from = 0; from < size; from++) {
                for (int to = 0; to < size; to++) {
                    MemorySegment sent = outgoing.get(from).asSlice(to * part, part);
                    assertEquals(-1, sent.mismatch(incoming.get(to).asSlice(from * part, part)), from + " to " + to);
                }
            }
        }
    }

    /** One rank's buffer is private, or elsewhere in the shared memory: then all stage. */
    @Test
    void shouldAgreeOnOneWayWhereBuffersAreInDifferentPlaces(SplittableRandom random) throws Exception {
        try (ThreadRing ring = new ThreadRing(3, PATIENT, folder)) {
            List<MemorySegment> shared = ring.run(communicator -> communicator.allocate(80_000));
            List<MemorySegment> inputs = Buffers.random(3, DataType.F32, 10_000, random);
            List<MemorySegment> buffers = List.of(
                    shared.get(0).asSlice(0, 40_000),
                    shared.get(1).asSlice(4, 40_000),
                    Buffers.copies(inputs).get(2));
            ring.run(communicator -> {
                MemorySegment buffer = buffers.get(communicator.rank()).copyFrom(inputs.get(communicator.rank()));
                communicator.allReduce(buffer, DataType.F32, ReduceOp.SUM);
                return 0;
            });
            MemorySegment expected = ReferenceAllReduce.of(inputs, DataType.F32, ReduceOp.SUM);
            buffers.forEach(buffer -> assertEquals(-1, expected.mismatch(buffer)));
        }
    }

    @Test
    void shouldNameTheSameTwoRanksOnAllRanksWhenOneDisagrees() throws Exception {
        try (ThreadRing ring = new ThreadRing(4, PATIENT, folder)) {
            List<Throwable> failures = ring.failures(communicator -> {
                MemorySegment buffer = MemorySegment.ofArray(new float[communicator.rank() == 2 ? 10_001 : 10_000]);
                communicator.allReduce(buffer, DataType.F32, ReduceOp.SUM);
                return 0;
            });
            for (Throwable failure : failures) {
                CollectiveMismatchException mismatch = assertInstanceOf(CollectiveMismatchException.class, failure);
                assertEquals(0, mismatch.leftRank());
                assertEquals(2, mismatch.rightRank());
                assertTrue(mismatch.getMessage().contains("SUM of 10001 F32"), mismatch.getMessage());
                assertTrue(mismatch.getMessage().contains("SUM of 10000 F32"), mismatch.getMessage());
            }
        }
    }

    @Test
    void shouldNameTheRankThatDoesNotComeAndEndOnAllOthers() throws Exception {
        try (ThreadRing ring = new ThreadRing(3, Duration.ofMillis(200), folder)) {
            List<Throwable> failures = ring.failures(communicator -> {
                if (communicator.rank() != 1) {
                    communicator.barrier();
                }
                return 0;
            });
            for (int rank : new int[] {0, 2}) {
                CollectiveTimeoutException late =
                        assertInstanceOf(CollectiveTimeoutException.class, failures.get(rank));
                assertEquals(1, late.awaitedRank(), late.getMessage());
                assertTrue(late.getMessage().endsWith("ms for rank 1 to come to it"), late.getMessage());
            }
        }
    }

    @Test
    void shouldEndOnAllRanksWhenOneIsTold() throws Exception {
        try (ThreadRing ring = new ThreadRing(3, PATIENT, folder)) {
            ring.rank(2).abort(1, "is lost: exit code 137");
            List<Throwable> failures = ring.failures(communicator -> {
                if (communicator.rank() != 1) {
                    communicator.barrier();
                }
                return 0;
            });
            for (int rank : new int[] {0, 2}) {
                CollectiveAbortedException aborted =
                        assertInstanceOf(CollectiveAbortedException.class, failures.get(rank));
                assertEquals(1, aborted.culprit());
                assertEquals("generation 1: rank 1 is lost: exit code 137", aborted.getMessage());
            }
        }
    }

    @Test
    void shouldLeaveNoFileAndKeepItsMemoryFromOthers() throws Exception {
        try (ThreadRing ring = new ThreadRing(2, PATIENT, folder)) {
            List<MemorySegment> parts = ring.run(communicator -> communicator.allocate(100));
            parts.forEach(part -> assertEquals(100, part.byteSize()));
            parts.forEach(part -> assertEquals(0, part.address() % 64));
            try (Stream<Path> files = Files.list(folder)) {
                assertEquals(0, files.count(), "all is unlinked, while it is in use");
            }
        }
    }

    @Test
    void shouldStageWhatDoesNotFitIntoTheFileSystem(SplittableRandom random) throws Exception {
        assumeTrue(isRoot(), "a file system of 16 MiB can be mounted by root only");
        command("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder.toString());
        try (ThreadRing ring = new ThreadRing(4, PATIENT, folder)) {
            List<MemorySegment> parts = ring.run(communicator -> communicator.allocate(8 << 20));
            assertReduces(ring, parts, 100_003, DataType.F32, ReduceOp.SUM, random);
            try (Stream<Path> files = Files.list(folder)) {
                assertEquals(0, files.count(), "what did not fit is gone");
            }
            List<MemorySegment> fitting = ring.run(communicator -> communicator.allocate(1 << 20));
            assertReduces(ring, fitting, 100_003, DataType.F32, ReduceOp.SUM, random);
        } finally {
            command("umount", folder.toString());
        }
    }

    private static boolean isRoot() throws IOException {
        return Files.getOwner(Path.of("/proc/self")).getName().equals("root");
    }

    private static void command(String... command) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), () -> String.join(" ", command));
    }

    @Test
    void shouldGoOnWithoutSharedMemoryWhereThereIsNoRoom() throws Exception {
        Path missing = folder.resolve("missing");
        Lines[] lines = MemoryLines.of(2, 1 << 17);
        try (ThreadRing ring = new ThreadRing(2, PATIENT, folder)) {
            assertNotNull(ring.rank(0).description());
            List<Boolean> shared = ring.run(communicator -> {
                Communicator other = new Communicator(
                        new Ring(2, 43, communicator.rank(), 2),
                        lines[communicator.rank()],
                        io.kolo.kernels.Kernels.probe(),
                        PATIENT);
                boolean shares = other.shareMemory(HostParts.once(missing));
                float[] one = {1};
                other.allReduce(MemorySegment.ofArray(one), DataType.F32, ReduceOp.SUM);
                assertEquals(2, one[0]);
                assertEquals(8, other.allocate(8).byteSize());
                return shares;
            });
            assertEquals(List.of(false, false), shared);
        }
    }
}
