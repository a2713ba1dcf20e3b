package io.kolo.executor.control;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Ready;
import io.kolo.executor.control.proto.ToWorker;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
@Timeout(60)
class ControlServerTest {
    private final JobAuthority authority = new JobAuthority();
    private final JobToken token = JobToken.random();
    private final BlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<ToWorker> messages = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    private ControlServer server;

    @BeforeEach
    void listen() throws IOException {
        server = new ControlServer(2, authority, token, events::add, (slot, progress) -> {});
    }

    @AfterEach
    void close() {
        server.close();
    }

    private ControlClient connect(Identity identity, JobToken with) {
        return new ControlClient(server.address(), identity, with, messages::add, ends::add);
    }

    private ControlClient connect(int slot) {
        return connect(authority.worker(slot), token);
    }

    private static FromWorker hello(int slot) {
        return hello(slot, Versions.OWN);
    }

    private static FromWorker hello(int slot, String versions) {
        return FromWorker.newBuilder()
                .setHello(Hello.newBuilder().setSlot(slot).setVersions(versions))
                .build();
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T value = queue.poll(30, TimeUnit.SECONDS);
        if (value == null) {
            throw new AssertionError("nothing came in 30 s");
        }
        return value;
    }

    @Test
    void shouldListenOnLoopbackOnly() {
        assertTrue(server.address().startsWith("127.0.0.1:"), server.address());
    }

    @Test
    void shouldHearAWorkerAndItsEnd() throws InterruptedException {
        ControlClient worker = connect(1);
        worker.outbox().sendNow(hello(1));
        WorkerEvent.Joined joined = assertInstanceOf(WorkerEvent.Joined.class, next(events));
        assertEquals(1, joined.slot());
        joined.connection().abort(0, "is lost");
        assertEquals("is lost", next(messages).getAbort().getReason());
        worker.close();
        assertEquals(
                1,
                assertInstanceOf(WorkerEvent.Disconnected.class, next(events)).slot());
    }

    private void assertRefused(ControlClient stranger, FromWorker first, String why) throws InterruptedException {
        try (stranger) {
            stranger.outbox().sendNow(first);
            String end = next(ends);
            assertTrue(end.contains(why), end);
        }
        assertTrue(events.isEmpty(), "nothing is heard of it: " + events);
    }

    @Test
    void shouldNotHearStrangers() throws InterruptedException {
        assertRefused(connect(authority.worker(0), JobToken.random()), hello(0), "UNAUTHENTICATED");
        assertRefused(connect(new JobAuthority().worker(0), token), hello(0), "UNAVAILABLE");
        assertRefused(connect(0), hello(1), "kolo-worker-0 can't speak for slot 1");
        assertRefused(connect(2), hello(2), "a slot below 2");
        assertRefused(connect(0), hello(-1), "a slot below 2");
        assertRefused(
                connect(0),
                FromWorker.newBuilder().setReady(Ready.getDefaultInstance()).build(),
                "must be a hello");
        assertRefused(connect(0), hello(0, "Kolo 9 on Java 99"), "the worker runs Kolo 9 on Java 99, the driver Kolo");
        try (ControlClient worker = connect(0)) {
            worker.outbox().sendNow(hello(0));
            assertInstanceOf(WorkerEvent.Joined.class, next(events), "the slot is still free");
            assertRefused(connect(0), hello(0), "slot 0 is taken");
        }
    }

    @Test
    void shouldOutliveBytesThatAreNoTls() throws Exception {
        String[] address = server.address().split(":", -1);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(address[1]))) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII));
            assertTrue(socket.getInputStream().readAllBytes().length < 100, "an alert, and the end");
        }
        try (ControlClient worker = connect(0)) {
            worker.outbox().sendNow(hello(0));
            assertInstanceOf(WorkerEvent.Joined.class, next(events));
        }
    }

    @Test
    void shouldBringAnIdentityBackAndNeverShowItsSecret() {
        Identity identity = authority.worker(1);
        Identity copy = Identity.decode(identity.encode());
        assertEquals(identity.certificate(), copy.certificate());
        assertEquals(identity.key(), copy.key());
        assertEquals("Identity of CN=kolo-worker-1", identity.toString());
        assertThrows(IllegalArgumentException.class, () -> Identity.decode("nonsense"));
        assertThrows(IllegalArgumentException.class, () -> Identity.decode("AAAA.AAAA.AAAA"));
    }
}
