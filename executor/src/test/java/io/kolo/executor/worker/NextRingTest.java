package io.kolo.executor.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.HostParts;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.executor.StepLostException;
import io.kolo.executor.Transport;
import io.kolo.executor.control.Worlds;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two workers within this process, each with what one has of its own. */
@ExtendWith(Leftovers.class)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class NextRingTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final long LENGTH = 100_000;

    /** What a worker has. */
    private record Side(
            AeronEndpoint endpoint, HostParts parts, ExecutorService aside, RingAssembler assembler, NextRing next) {
        static Side of(int number, Path folder) throws IOException {
            Path own = Files.createDirectory(folder.resolve("own-" + number));
            SharedFolder shared = new SharedFolder(own, folder, "here");
            AeronEndpoint endpoint = AeronEndpoint.open(own.resolve("aeron"), "127.0.0.1", TIMEOUT);
            HostParts parts = shared.parts(() -> true);
            parts.prepare(LENGTH);
            ExecutorService aside = Executors.newSingleThreadExecutor();
            RingAssembler assembler = new RingAssembler(endpoint, Kernels.probe(), shared);
            return new Side(endpoint, parts, aside, assembler, new NextRing(assembler, parts, aside));
        }

        void close() {
            next.close();
            aside.close();
            parts.close();
            endpoint.close();
        }
    }

    @TempDir
    private Path folder;

    private final List<Side> sides = new ArrayList<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(2);

    @BeforeEach
    void open() throws IOException {
        for (int number = 0; number < 2; number++) {
            sides.add(Side.of(number, folder));
        }
    }

    @AfterEach
    void close() {
        sides.forEach(Side::close);
        threads.shutdownNow();
    }

    private World world(int generation, long key, int rank, Transport transport) {
        return Worlds.of(generation, key, transport.name(), TIMEOUT)
                .setRank(rank)
                .addAllMembers(sides.stream()
                        .map(side -> Member.newBuilder()
                                .setHost("here")
                                .setDataAddress(side.endpoint.address())
                                .setMemory("here")
                                .build())
                        .toList())
                .build();
    }

    private CountDownLatch prepare(World.Builder world) {
        CountDownLatch ended = new CountDownLatch(2);
        for (int rank = 0; rank < 2; rank++) {
            sides.get(rank).next.prepare(world.setRank(rank).build(), LENGTH, ended::countDown);
        }
        return ended;
    }

    private static int sum(Communicator ring) {
        try (ring) {
            var unused = ring.allocate(LENGTH);
            float[] values = {ring.rank() + 1};
            ring.allReduce(values, ReduceOp.SUM);
            ring.barrier();
            return (int) values[0];
        }
    }

    private Future<Integer> takeAndSum(World world) {
        return threads.submit(() -> {
            Communicator taken = sides.get(world.getRank()).next.take(world);
            assertNotNull(taken);
            return sum(taken);
        });
    }

    private static long files(Path where) throws IOException {
        try (Stream<Path> files = Files.walk(where)) {
            return files.filter(file -> file.getFileName().toString().startsWith("ranks-"))
                    .count();
        }
    }

    @Test
    void shouldGiveTheRingOfTheWorldThatWasPrepared() throws Exception {
        World world = world(2, 17, 0, Transport.AUTO);
        CountDownLatch ended = prepare(world.toBuilder());
        assertTrue(ended.await(60, TimeUnit.SECONDS));
        Future<Integer> first = takeAndSum(world);
        Future<Integer> second = takeAndSum(world(2, 17, 1, Transport.AUTO));
        assertEquals(3, first.get());
        assertEquals(3, second.get());
        assertNull(sides.getFirst().next.take(world), "it is taken once");
    }

    @Test
    void shouldLetGoARingThatNobodyWants() throws Exception {
        assertTrue(prepare(world(2, 17, 0, Transport.AUTO).toBuilder()).await(60, TimeUnit.SECONDS));
        World other = world(2, 18, 0, Transport.AUTO);
        assertNull(sides.getFirst().next.take(other), "others were to be in it");
        sides.forEach(side -> side.next.abandonOthers(other));
        assertTrue(prepare(other.toBuilder()).await(60, TimeUnit.SECONDS), "the next one waits for nothing");
        Future<Integer> first = takeAndSum(other);
        Future<Integer> second = takeAndSum(world(2, 18, 1, Transport.AUTO));
        assertEquals(3, first.get());
        assertEquals(3, second.get());
        assertEquals(0, files(folder), "nothing is left of either");
    }

    /** So it is where one of them had another plan before, or hears of this one too late. */
    @Test
    void shouldBeAtOneWithARankThatHasNotPrepared() throws Exception {
        World world = world(2, 17, 0, Transport.AUTO);
        Side late = sides.getLast();
        sides.getFirst().next.prepare(world, LENGTH, () -> {});
        Future<Integer> first = takeAndSum(world);
        Future<Integer> second = threads.submit(() -> sum(late.assembler.assemble(
                world.toBuilder().setRank(1).build(), late.parts, LENGTH, () -> false, forming -> {})));
        assertEquals(3, first.get());
        assertEquals(3, second.get());
    }

    @Test
    void shouldGiveUpByItselfWhereTheOthersDoNotCome() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        World world = world(2, 17, 0, Transport.AUTO);
        sides.getFirst().next.prepare(world, LENGTH, ended::countDown);
        assertTrue(ended.await(TIMEOUT.toMillis() / 2, TimeUnit.MILLISECONDS), "long before its timeout");
        assertThrows(StepLostException.class, () -> sides.getFirst().next.take(world));
    }

    @Test
    void shouldGiveUpOneThatIsWaitedForWhenItIsAbandoned() throws Exception {
        World world = world(2, 17, 0, Transport.AUTO);
        Side alone = sides.getFirst();
        CountDownLatch ended = new CountDownLatch(1);
        alone.next.prepare(world, LENGTH, ended::countDown);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread taker = Thread.ofPlatform().start(() -> {
            try {
                var unused = alone.next.take(world);
            } catch (RuntimeException e) {
                failure.set(e);
            }
        });
        while (taker.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        alone.next.abandon(1);
        assertFalse(ended.await(200, TimeUnit.MILLISECONDS), "it is of a later generation");
        alone.next.abandon(2);
        taker.join();
        assertInstanceOf(StepLostException.class, failure.get());
        assertTrue(ended.await(60, TimeUnit.SECONDS), "the thread beside the training is free");
    }
}
