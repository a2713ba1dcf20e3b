package io.kolo.executor.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.ToWorker;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
@Timeout(120)
class ControlClientTest {
    private static final FromWorker HELLO = FromWorker.newBuilder()
            .setHello(Hello.newBuilder().setSlot(0).setVersions(Versions.OWN))
            .build();

    private final JobAuthority authority = new JobAuthority();
    private final JobToken token = JobToken.random();
    private final Heard heard = new Heard();
    private final BlockingQueue<ToWorker> messages = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    private ControlClient<FromWorker, ToWorker> call(int port) {
        return ControlClient.join(
                new ControlClient.Line<>("127.0.0.1:" + port, authority.worker(0), token, messages::add, ends::add));
    }

    private ControlServer listen() throws IOException {
        return ControlServer.ofDriver("127.0.0.1", 0, 1, authority, token, heard);
    }

    /** Takes two connections: the first one gets no answer, the second one is the server's. */
    private static void relay(ServerSocket entrance, int server) {
        Socket unanswered = accept(entrance);
        try (unanswered;
                Socket caller = entrance.accept();
                Socket called = new Socket(InetAddress.getLoopbackAddress(), server)) {
            Thread there = Thread.ofVirtual().start(() -> pass(caller, called));
            pass(called, caller);
            there.join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Socket accept(ServerSocket entrance) {
        try {
            return entrance.accept();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void pass(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException e) {
            // The other way has ended before.
        }
    }

    /** It takes the 10 s that TLS gives a handshake. */
    @Test
    void shouldCallAgainIfTheFirstHandshakeWasTooSlow() throws Exception {
        try (ControlServer server = listen();
                ServerSocket entrance = new ServerSocket(0, 2, InetAddress.getLoopbackAddress())) {
            int port = Integer.parseInt(server.address().split(":", -1)[1]);
            Thread relay = Thread.ofVirtual().start(() -> relay(entrance, port));
            try (ControlClient<FromWorker, ToWorker> worker = call(entrance.getLocalPort())) {
                worker.outbox().sendNow(HELLO);
                WorkerEvent.Joined joined = assertInstanceOf(WorkerEvent.Joined.class, Heard.next(heard.events));
                joined.connection().abort(0, "is lost");
                assertEquals("is lost", Heard.next(messages).getAbort().getReason());
                assertTrue(ends.isEmpty(), ends.toString());
            }
            relay.join();
        }
    }

    @Test
    void shouldSayAtOnceThatNobodyIsThere() throws Exception {
        int free;
        try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = nobody.getLocalPort();
        }
        try (ControlClient<FromWorker, ToWorker> worker = call(free)) {
            String end = Heard.next(ends);
            assertTrue(end.contains("Connection refused"), end);
            assertFalse(worker.outbox().sendNow(HELLO), "it is closed");
        }
    }
}
