package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Rings that follow one another, of two ranks with a folder of its own each, as processes have. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class HostPartsTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final long LENGTH = 100_000;
    private static final int SIZE = 2;

    @TempDir
    private Path folder;

    private final AtomicBoolean othersAreGone = new AtomicBoolean(true);
    private final List<HostParts> parts = new ArrayList<>();
    private final List<Communicator> rings = new ArrayList<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(SIZE);
    private int generation;

    @BeforeEach
    void makeParts() throws IOException {
        for (int rank = 0; rank < SIZE; rank++) {
            Path own = Files.createDirectory(folder.resolve("own-" + rank));
            parts.add(HostParts.kept(folder, own, othersAreGone::get));
        }
    }

    @AfterEach
    void close() {
        rings.forEach(Communicator::close);
        parts.forEach(HostParts::close);
        threads.shutdownNow();
    }

    /** Forms the next ring, and allocates in it; returns each rank's memory. */
    private List<MemorySegment> next(long length) throws Exception {
        formNext();
        return allocate(length);
    }

    private void formNext() throws Exception {
        generation++;
        Lines[] lines = MemoryLines.of(SIZE, 1 << 16);
        List<Future<Boolean>> shared = new ArrayList<>();
        for (int rank = 0; rank < SIZE; rank++) {
            Ring ring = new Ring(generation, generation * 31L, rank, SIZE);
            Communicator communicator = new Communicator(ring, lines[rank], Kernels.probe(), TIMEOUT);
            rings.add(communicator);
            HostParts own = parts.get(rank);
            shared.add(threads.submit(() -> communicator.shareMemory(own)));
        }
        for (Future<Boolean> each : shared) {
            assertTrue(each.get(), "they share memory");
        }
    }

    /** Allocates in the last ring. */
    private List<MemorySegment> allocate(long length) throws Exception {
        List<Future<MemorySegment>> memories = new ArrayList<>();
        for (Communicator ring : last()) {
            memories.add(threads.submit(() -> ring.allocate(length)));
        }
        List<MemorySegment> allocated = new ArrayList<>();
        for (Future<MemorySegment> memory : memories) {
            allocated.add(memory.get());
        }
        return allocated;
    }

    private List<Communicator> last() {
        return rings.subList(rings.size() - SIZE, rings.size());
    }

    private void introduceLast() throws Exception {
        List<Future<?>> introduced = new ArrayList<>();
        for (int rank = 0; rank < SIZE; rank++) {
            Communicator ring = last().get(rank);
            HostParts own = parts.get(rank);
            introduced.add(threads.submit(() -> own.introduce(ring, LENGTH)));
        }
        for (Future<?> each : introduced) {
            each.get();
        }
    }

    /** Returns how many files of the ranks are mapped. */
    private long mapped() throws IOException {
        try (Stream<String> mappings = Files.lines(Path.of("/proc/self/maps"))) {
            return mappings.filter(mapping -> mapping.contains(folder.toString()))
                    .count();
        }
    }

    private void closeFirst() {
        for (int rank = 0; rank < SIZE; rank++) {
            rings.removeFirst().close();
        }
    }

    private void assertReduces(List<MemorySegment> memories) throws Exception {
        List<Future<?>> done = new ArrayList<>();
        for (int rank = 0; rank < SIZE; rank++) {
            MemorySegment memory = memories.get(rank);
            Communicator ring = rings.get(rank);
            memory.fill((byte) 1);
            done.add(threads.submit(() -> ring.allReduce(memory, DataType.U8, ReduceOp.SUM)));
        }
        for (Future<?> each : done) {
            each.get();
        }
        for (MemorySegment memory : memories) {
            assertEquals(-1, memory.mismatch(filled(2)), "all ranks have the sum");
        }
    }

    private static MemorySegment filled(int value) {
        MemorySegment expected = MemorySegment.ofArray(new byte[(int) LENGTH]);
        return expected.fill((byte) value);
    }

    private static List<Long> addresses(List<MemorySegment> memories) {
        return memories.stream().map(MemorySegment::address).toList();
    }

    private long files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    @Test
    void shouldTakeOverWhatTheRingBeforeHad() throws Exception {
        List<MemorySegment> first = next(LENGTH);
        assertReduces(first);
        List<MemorySegment> second = next(LENGTH);
        assertEquals(addresses(first), addresses(second));
        assertEquals(-1, second.getFirst().mismatch(filled(2)), "as it was left");
        closeFirst();
        assertReduces(second);
        assertEquals(SIZE, files());
        closeFirst();
        assertEquals(0, files());
    }

    @Test
    void shouldMakePartsAnewWhileSomebodyMayStillStoreIntoThem() throws Exception {
        List<MemorySegment> first = next(LENGTH);
        othersAreGone.set(false);
        List<MemorySegment> second = next(LENGTH);
        for (int rank = 0; rank < SIZE; rank++) {
            assertNotEquals(first.get(rank).address(), second.get(rank).address());
            second.get(rank).fill((byte) 7);
            assertEquals(0, first.get(rank).get(ValueLayout.JAVA_BYTE, 0), "other pages");
        }
        closeFirst();
        assertReduces(second);
        assertEquals(SIZE, files());
    }

    @Test
    void shouldTakeWhatWasMadeAheadWhateverOthersDo() throws Exception {
        othersAreGone.set(false);
        parts.forEach(each -> each.prepare(LENGTH));
        assertEquals(SIZE, files());
        assertReduces(next(LENGTH));
        assertEquals(SIZE, files());
    }

    @Test
    void shouldMeetInWhatWasMadeAheadIfItIsLargeEnough() throws Exception {
        Path own = folder.resolve("own-0");
        for (int size : new int[] {1, SIZE + 1}) {
            parts.getFirst().prepareMeeting(size);
            assertEquals(1, files(own), "it is there, and cannot be found");
            assertReduces(next(LENGTH));
            closeFirst();
            assertEquals(0, files(own), "it has become something, or was of no use");
        }
        parts.getFirst().prepareMeeting(SIZE);
        parts.getFirst().close();
        assertEquals(0, files(own), "nobody has wanted it");
    }

    private static long files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith("blank-"))
                    .count();
        }
    }

    @Test
    void shouldHaveNothingLeftToMapOnceTheRanksAreIntroduced() throws Exception {
        parts.forEach(each -> each.prepare(LENGTH));
        formNext();
        long before = mapped();
        introduceLast();
        assertEquals(before + SIZE, mapped(), "each has mapped the other's part");
        List<MemorySegment> memories = allocate(LENGTH);
        assertEquals(before + SIZE, mapped());
        assertReduces(memories);
    }

    @Test
    void shouldIntroduceARingBesideTheOneThatIsInUse() throws Exception {
        List<MemorySegment> first = next(LENGTH);
        formNext();
        introduceLast();
        assertReduces(first);
        List<Communicator> untaken = List.copyOf(last());
        rings.removeAll(untaken);
        untaken.forEach(Communicator::close);
        assertReduces(first);
        formNext();
        introduceLast();
        assertEquals(addresses(first), addresses(allocate(LENGTH)));
    }

    @Test
    void shouldLeaveThePartsOfOthersToThemWhenItLeaves() throws Exception {
        var unused = next(LENGTH);
        rings.removeLast().close();
        parts.removeLast().close();
        assertEquals(1, files());
    }

    @Test
    void shouldLetGoWhatTheNextRingDoesNotWant() throws Exception {
        var unused = next(LENGTH);
        List<MemorySegment> longer = next(2 * LENGTH);
        assertEquals(2 * LENGTH, longer.getFirst().byteSize());
        assertEquals(2 * SIZE, files());
        closeFirst();
        assertEquals(SIZE, files());
    }

    @Test
    void shouldGiveTwoPartsToARingThatAsksTwice() throws Exception {
        List<MemorySegment> first = next(LENGTH);
        List<MemorySegment> again = allocate(LENGTH);
        for (int rank = 0; rank < SIZE; rank++) {
            assertNotEquals(first.get(rank).address(), again.get(rank).address());
        }
    }
}
