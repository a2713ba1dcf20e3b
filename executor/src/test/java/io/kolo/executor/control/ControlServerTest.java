package io.kolo.executor.control;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.netty.shaded.io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.kolo.elastic.Order;
import io.kolo.elastic.Standing;
import io.kolo.elastic.StateName;
import io.kolo.executor.control.proto.CoordinatorHello;
import io.kolo.executor.control.proto.Failure;
import io.kolo.executor.control.proto.FromCoordinator;
import io.kolo.executor.control.proto.FromMember;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.News;
import io.kolo.executor.control.proto.Part;
import io.kolo.executor.control.proto.Ready;
import io.kolo.executor.control.proto.ToCoordinator;
import io.kolo.executor.control.proto.ToMember;
import io.kolo.executor.control.proto.ToWorker;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
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
    private final Heard listener = new Heard();
    private final BlockingQueue<WorkerEvent> events = listener.events;
    private final BlockingQueue<ToWorker> messages = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    private final BlockingQueue<Integer> beats = listener.beats;
    private ControlServer server;

    @BeforeEach
    void listen() throws IOException {
        server = ControlServer.ofDriver("127.0.0.1", 0, 2, authority, token, listener);
    }

    @AfterEach
    void close() {
        server.close();
    }

    private ControlClient<FromWorker, ToWorker> connect(Identity identity, JobToken with) {
        return ControlClient.join(line(server, identity, with, messages::add));
    }

    private <A> ControlClient.Line<A> line(ControlServer called, Identity identity, JobToken with, Consumer<A> heard) {
        return new ControlClient.Line<>(called.address(), identity, with, heard, ends::add);
    }

    private ControlClient<FromWorker, ToWorker> connect(int slot) {
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
        ControlClient<FromWorker, ToWorker> worker = connect(1);
        worker.outbox().sendNow(hello(1));
        WorkerEvent.Joined joined = assertInstanceOf(WorkerEvent.Joined.class, next(events));
        assertEquals(1, joined.slot());
        worker.outbox()
                .offer(FromWorker.newBuilder()
                        .setHeartbeat(Heartbeat.newBuilder().setOperations(17))
                        .build());
        assertEquals(17, next(beats));
        joined.connection().abort(0, "is lost");
        assertEquals("is lost", next(messages).getAbort().getReason());
        worker.close();
        assertEquals(
                1,
                assertInstanceOf(WorkerEvent.Disconnected.class, next(events)).slot());
    }

    private void assertRefused(ControlClient<FromWorker, ToWorker> stranger, FromWorker first, String why)
            throws InterruptedException {
        long before = server.refused();
        try (stranger) {
            stranger.outbox().sendNow(first);
            String end = next(ends);
            assertTrue(end.contains(why), end);
        }
        awaitRefusals(before + 1);
        assertTrue(events.isEmpty(), "nothing is heard of it: " + events);
    }

    private void awaitRefusals(long count) {
        awaitRefusals(server, count);
    }

    /** A refusal is counted a moment after the other end has heard of it. */
    private static void awaitRefusals(ControlServer server, long count) {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (server.refused() < count && System.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        assertTrue(server.refused() >= count, server.refused() + " of " + count);
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
        try (ControlClient<FromWorker, ToWorker> worker = connect(0)) {
            worker.outbox().sendNow(hello(0));
            assertInstanceOf(WorkerEvent.Joined.class, next(events), "the slot is still free");
            assertRefused(connect(0), hello(0), "slot 0 is taken");
        }
    }

    private Socket socket() throws IOException {
        int port = Integer.parseInt(server.address().split(":", -1)[1]);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(30_000);
        return socket;
    }

    private void assertStillServes() throws InterruptedException {
        try (ControlClient<FromWorker, ToWorker> worker = connect(0)) {
            worker.outbox().sendNow(hello(0));
            assertInstanceOf(WorkerEvent.Joined.class, next(events));
        }
    }

    @Test
    void shouldRefuseBytesThatAreNoTls() throws Exception {
        try (Socket socket = socket()) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII));
            assertTrue(socket.getInputStream().readAllBytes().length < 100, "an alert, and the end");
        }
        awaitRefusals(1);
        assertStillServes();
    }

    @Test
    void shouldHangUpOnASenderThatNeverFinishesItsHandshake() throws Exception {
        try (Socket socket = socket()) {
            byte[] helloOfALyingLength = {22, 3, 3, 0x3f, 0, 1, 0, 0x3e, 0};
            socket.getOutputStream().write(helloOfALyingLength);
            assertTrue(socket.getInputStream().readAllBytes().length < 100, "the end, after a while");
        }
        awaitRefusals(1);
        assertStillServes();
    }

    @Test
    void shouldRefuseAStrangerWithoutACertificate() throws Exception {
        SSLContext anonymous = SSLContext.getInstance("TLSv1.3");
        anonymous.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
        try (Socket socket = socket();
                SSLSocket tls = (SSLSocket) anonymous.getSocketFactory().createSocket(socket, "kolo", 1, true)) {
            assertThrows(IOException.class, () -> {
                tls.startHandshake(); // TLS 1.3 says no with the first answer only
                assertEquals(-1, tls.getInputStream().read());
                throw new IOException("the end");
            });
        }
        awaitRefusals(1);
        assertStillServes();
    }

    @Test
    void shouldRefuseAMessageThatIsNoneOfTheProtocolsOrTooLong() throws Exception {
        byte[] noMessage = new byte[100];
        Arrays.fill(noMessage, (byte) 0xff);
        for (byte[] bytes : List.of(noMessage, new byte[5 << 20])) {
            long before = server.refused();
            BlockingQueue<String> closed = new LinkedBlockingQueue<>();
            try (RawStream stranger = new RawStream(server.address(), authority.worker(0), token, closed::add)) {
                stranger.send(bytes);
                String end = next(closed);
                assertTrue(end.matches("(?s).*(CANCELLED|RESOURCE_EXHAUSTED|INTERNAL|UNKNOWN).*"), end);
            }
            awaitRefusals(before + 1);
        }
        assertTrue(events.isEmpty(), events.toString());
        assertStillServes();
    }

    @Test
    void shouldRefuseAFailureWithoutACauseAndAPartOfAnotherRun() throws InterruptedException {
        FromWorker noCause =
                FromWorker.newBuilder().setFailure(Failure.getDefaultInstance()).build();
        FromWorker part = part(1);
        for (List<FromWorker> wrong : List.of(List.of(noCause), List.of(part, part(2)))) {
            try (ControlServer own = ControlServer.ofDriver("127.0.0.1", 0, 1, authority, token, listener);
                    ControlClient<FromWorker, ToWorker> worker =
                            ControlClient.join(line(own, authority.worker(0), token, messages::add))) {
                worker.outbox().sendNow(hello(0));
                assertInstanceOf(WorkerEvent.Joined.class, next(events));
                wrong.forEach(worker.outbox()::sendNow);
                assertInstanceOf(WorkerEvent.Disconnected.class, next(events));
                assertTrue(next(ends).contains("INVALID_ARGUMENT"));
                awaitRefusals(own, 1);
                assertEquals(1, own.refused());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static FromWorker part(int run) {
        return FromWorker.newBuilder()
                .setResult(Part.newBuilder().setRun(run).setBytes(ByteString.copyFromUtf8("half")))
                .build();
    }

    private static FromCoordinator coordinator(String address) {
        return FromCoordinator.newBuilder()
                .setHello(CoordinatorHello.newBuilder().setAddress(address).setVersions(Versions.OWN))
                .build();
    }

    @Test
    void shouldHearTheCoordinatorAndNobodyWhoClaimsToBeIt() throws InterruptedException {
        try (ControlClient<FromCoordinator, ToCoordinator> stranger =
                ControlClient.coordinate(line(server, authority.worker(1), token, message -> {}))) {
            stranger.outbox().sendNow(coordinator("nowhere:1"));
            String end = next(ends);
            assertTrue(end.contains("kolo-worker-1 can't speak for the coordinator"), end);
        }
        awaitRefusals(1);
        BlockingQueue<ToCoordinator> told = new LinkedBlockingQueue<>();
        try (ControlClient<FromCoordinator, ToCoordinator> own =
                ControlClient.coordinate(line(server, authority.coordinator(), token, told::add))) {
            own.outbox().sendNow(coordinator("here:1"));
            WorkerEvent.Coordinates here = assertInstanceOf(WorkerEvent.Coordinates.class, next(events));
            assertEquals("here:1", here.address());
            here.connection().lost(3, "is gone");
            assertEquals("is gone", next(told).getLost().getReason());
            own.outbox()
                    .sendNow(FromCoordinator.newBuilder()
                            .setNews(News.newBuilder().setRun(4).setWaiting("more"))
                            .build());
            assertEquals(
                    "more",
                    assertInstanceOf(WorkerEvent.Tells.class, next(events))
                            .news()
                            .getWaiting());
        }
        String hungUp = next(ends); // the channel is not kept open until it is answered
        assertTrue(hungUp.equals("it hung up") || hungUp.contains("shutdownNow"), hungUp);
        assertRefused(connect(authority.coordinator(), token), hello(0), "kolo-coordinator can't speak for slot 0");
    }

    @Test
    void shouldHearWorkersAsACoordinatorAndNoStrangers() throws Exception {
        BlockingQueue<Standing> heard = new LinkedBlockingQueue<>();
        BlockingQueue<MemberConnection> came = new LinkedBlockingQueue<>();
        MemberListener members = new MemberListener() {
            @Override
            public void came(Hello hello, MemberConnection connection) {
                came.add(connection);
            }

            @Override
            public void stands(int run, Standing standing) {
                assertEquals(7, run);
                heard.add(standing);
            }
        };
        Hello hello = Hello.newBuilder().setSlot(1).setVersions(Versions.OWN).build();
        FromMember first = FromMember.newBuilder().setHello(hello).build();
        Standing standing = new Standing(1, 2, 1, new StateName(30, 2), false, true, Standing.NOBODY, 3);
        FromMember second = FromMember.newBuilder()
                .setStanding(ElasticMessages.message(7, standing))
                .build();
        try (ControlServer coordinator =
                ControlServer.ofCoordinator("127.0.0.1", authority.coordinator(), token, members)) {
            try (ControlClient<FromMember, ToMember> other =
                    ControlClient.take(line(coordinator, authority.worker(0), token, message -> {}))) {
                other.outbox().sendNow(first);
                assertTrue(next(ends).contains("kolo-worker-0 can't speak for worker 1"));
            }
            try (ControlClient<FromMember, ToMember> stranger =
                    ControlClient.take(line(coordinator, authority.worker(1), JobToken.random(), message -> {}))) {
                stranger.outbox().sendNow(first);
                assertTrue(next(ends).contains("UNAUTHENTICATED"));
            }
            awaitRefusals(coordinator, 2);
            BlockingQueue<ToMember> told = new LinkedBlockingQueue<>();
            try (ControlClient<FromMember, ToMember> worker =
                    ControlClient.take(line(coordinator, authority.worker(1), token, told::add))) {
                worker.outbox().sendNow(first);
                worker.outbox().sendNow(second);
                assertEquals(standing, next(heard));
                next(came).order(7, new Order.Leave(2, "it is late"));
                ToMember order = next(told);
                assertEquals(7, order.getRun());
                assertEquals(new Order.Leave(2, "it is late"), ElasticMessages.order(order.getOrder()));
            }
        }
        assertTrue(heard.isEmpty() && came.isEmpty(), "nothing is heard of strangers");
    }

    @Test
    void shouldMakeTheSameKeyOfAGenerationOfTheSameTokenOnly() {
        long key = token.key(1, 2, List.of(0, 4));
        assertEquals(key, new JobToken(token.value()).key(1, 2, List.of(0, 4)));
        assertEquals(
                5,
                LongStream.of(
                                key,
                                token.key(1, 3, List.of(0, 4)),
                                token.key(2, 2, List.of(0, 4)),
                                token.key(1, 2, List.of(4, 0)),
                                JobToken.random().key(1, 2, List.of(0, 4)))
                        .distinct()
                        .count());
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
