package io.kolo.allreduce.aeron;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.allreduce.CollectiveTimeoutException;
import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.Lines;
import io.kolo.allreduce.Ring;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.ScalarKernels;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.lang.foreign.MemorySegment;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@Seeded
@ExtendWith(Leftovers.class)
@Timeout(120)
class AeronEndpointTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String LOOPBACK = "127.0.0.1";

    @TempDir
    private Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private AeronEndpoint left;
    private AeronEndpoint right;

    @BeforeEach
    void open() {
        left = AeronEndpoint.open(folder.resolve("left"), LOOPBACK, TIMEOUT);
        right = AeronEndpoint.open(folder.resolve("right"), LOOPBACK, TIMEOUT);
    }

    @AfterEach
    void close() {
        left.close();
        right.close();
        threads.shutdown();
    }

    private static Ring ring(int rank) {
        return new Ring(1, 7, rank, 2);
    }

    private static Communicator rank(int rank, Lines lines) {
        return new Communicator(ring(rank), lines, new ScalarKernels(), TIMEOUT);
    }

    private List<String> addresses() {
        return List.of(left.address(), right.address());
    }

    private void reduceOnBoth() throws Exception {
        float[] ones = new float[100_000];
        float[] twos = new float[ones.length];
        float[] threes = new float[ones.length];
        for (int i = 0; i < ones.length; i++) {
            ones[i] = 1;
            twos[i] = 2;
            threes[i] = 3;
        }
        CompletableFuture<Void> other = CompletableFuture.runAsync(
                () -> rank(1, right.connect(addresses(), ring(1), TIMEOUT))
                        .allReduce(MemorySegment.ofArray(twos), DataType.F32, ReduceOp.SUM),
                threads);
        rank(0, left.connect(addresses(), ring(0), TIMEOUT))
                .allReduce(MemorySegment.ofArray(ones), DataType.F32, ReduceOp.SUM);
        other.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        assertArrayEquals(threes, ones);
        assertArrayEquals(threes, twos);
    }

    @Test
    void shouldReduceAndLeaveNoFolderPortOrThreadBehind() throws Exception {
        reduceOnBoth();
        left.close();
        right.close();
        assertTrue(folder.toFile().list().length == 0, "the drivers' folders are gone");
    }

    @Test
    void shouldNotMindWhatIsNoAeronFrame(SplittableRandom random) throws Exception {
        try (DatagramSocket stranger = new DatagramSocket()) {
            int port = Integer.parseInt(left.address().split("[:/]", -1)[1]);
            for (int length = 0; length < 2000; length += 7) {
                byte[] noise = new byte[length];
                random.nextBytes(noise);
                stranger.send(new DatagramPacket(noise, length, InetAddress.getLoopbackAddress(), port));
            }
        }
        reduceOnBoth();
    }

    @Test
    void shouldSayForWhichNeighbourItWaited() {
        String gone = right.address();
        right.close();
        IllegalStateException error = assertThrows(
                IllegalStateException.class,
                () -> left.connect(List.of(left.address(), gone), ring(0), Duration.ofMillis(100)));
        assertTrue(error.toString().contains("waited 100 ms for the right neighbour at " + gone), error.toString());
    }

    @Test
    void shouldNotTakeTheNeighboursHeartbeatsForProgress() throws Exception {
        CompletableFuture<Lines> other =
                CompletableFuture.supplyAsync(() -> right.connect(addresses(), ring(1), TIMEOUT), threads);
        Lines lines = left.connect(addresses(), ring(0), TIMEOUT);
        other.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        // The other rank is connected and well, but never comes.
        Communicator waiting = new Communicator(ring(0), lines, new ScalarKernels(), Duration.ofSeconds(1));
        CollectiveTimeoutException error = assertThrows(CollectiveTimeoutException.class, waiting::barrier);
        assertEquals(1, error.awaitedRank());
    }

    @Test
    void shouldRefuseToWorkOnceItIsClosed() {
        left.close();
        IllegalStateException error =
                assertThrows(IllegalStateException.class, () -> left.connect(addresses(), ring(0), TIMEOUT));
        assertTrue(error.toString().contains("closed"), error.toString());
    }
}
