package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a rank's thread allocates, and where it is blocked, in 100,000 operations once all is compiled. In a JVM of its
 * own, as a worker is: where others have run before, the compiler leaves it an iterator of Aeron's at times.
 */
@Tag("own-jvm")
@Timeout(300)
class NoAllocationTest {
    private static final Duration PATIENT = Duration.ofSeconds(100);
    private static final int OPERATIONS = 100_000;
    private static final int QUIET_ROUNDS = 4;

    /** Less than a byte an operation: what the measuring costs, and now and then the runtime itself. */
    private static final long NOTHING = OPERATIONS / 2;

    @TempDir
    private Path folder;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

    @Test
    void shouldAllocateNothingInSharedMemory() throws Exception {
        try (ThreadRing ring = new ThreadRing(2, PATIENT, folder)) {
            var flat = ring.run(communicator -> measure("flat", communicator, allocate(1024)));
            var staged = ring.run(communicator -> measure("staged", communicator, allocate(32 * 1024)));
            var direct = ring.run(communicator -> measure("direct", communicator, communicator.allocate(32 * 1024)));
            assertEquals(List.of(2, 2, 2), List.of(flat.size(), staged.size(), direct.size()));
        }
    }

    @Test
    void shouldAllocateNothingOverUdp() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try (AeronEndpoint left = AeronEndpoint.open(folder.resolve("left"), "127.0.0.1", PATIENT);
                AeronEndpoint right = AeronEndpoint.open(folder.resolve("right"), "127.0.0.1", PATIENT)) {
            List<AeronEndpoint> endpoints = List.of(left, right);
            List<Callable<Long>> ranks = new ArrayList<>();
            for (int rank = 0; rank < 2; rank++) {
                int own = rank;
                ranks.add(() -> {
                    Ring ring = new Ring(1, 7, own, 2);
                    Lines lines = endpoints.get(own).connect(List.of(left.address(), right.address()), ring, PATIENT);
                    try (Communicator communicator = new Communicator(ring, lines, Kernels.probe(), PATIENT)) {
                        return measure("UDP", communicator, allocate(1024));
                    }
                });
            }
            for (Future<Long> rank : pool.invokeAll(ranks)) {
                assertTrue(rank.get(1, TimeUnit.SECONDS) >= 0);
            }
        } finally {
            pool.shutdown();
        }
    }

    private static MemorySegment allocate(long bytes) {
        return Arena.ofAuto().allocate(bytes, 64);
    }

    /** Returns the bytes that this thread has allocated. */
    private long measure(String what, Communicator communicator, MemorySegment buffer) throws JMException {
        warmUp(communicator, buffer);
        var unused = blockedTimes(); // loads classes, and may have to wait for them
        long allocated = allocatedBytes();
        long blocked = blockedTimes();
        reduce(communicator, buffer, OPERATIONS);
        blocked = blockedTimes() - blocked;
        allocated = allocatedBytes() - allocated;
        System.out.printf(
                "%s, rank %d: %d bytes allocated, %d times blocked in %d operations%n",
                what, communicator.rank(), allocated, blocked, OPERATIONS);
        assertTrue(allocated < NOTHING, what + ": " + allocated + " bytes");
        assertEquals(0, blocked, what);
        return allocated;
    }

    /**
     * How many operations it takes until all is compiled, for good, depends on what else the machine has to do: so
     * until neither rank has allocated anything in several times as many as are measured.
     */
    private static void warmUp(Communicator communicator, MemorySegment buffer) throws JMException {
        long deadlineNs = System.nanoTime() + PATIENT.toNanos();
        long[] mostAllocated = {0};
        int quiet = 0;
        while (quiet < QUIET_ROUNDS) {
            assertTrue(System.nanoTime() - deadlineNs < 0, mostAllocated[0] + " bytes, and no end of warming up");
            mostAllocated[0] = -allocatedBytes();
            reduce(communicator, buffer, OPERATIONS);
            mostAllocated[0] += allocatedBytes();
            communicator.allReduce(MemorySegment.ofArray(mostAllocated), DataType.I64, ReduceOp.MAX);
            quiet = mostAllocated[0] < NOTHING ? quiet + 1 : 0;
        }
    }

    private static void reduce(Communicator communicator, MemorySegment buffer, int operations) {
        for (int i = 0; i < operations; i++) {
            communicator.allReduce(buffer, DataType.F32, ReduceOp.SUM);
        }
    }

    private long blockedTimes() {
        return threads.getThreadInfo(Thread.currentThread().threadId()).getBlockedCount();
    }

    /** By its name: the bean's type is one of this JVM's own. */
    private static long allocatedBytes() throws JMException {
        Object bytes = ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName(ManagementFactory.THREAD_MXBEAN_NAME),
                        "getThreadAllocatedBytes",
                        new Object[] {Thread.currentThread().threadId()},
                        new String[] {"long"});
        return ((Long) bytes).longValue();
    }
}
