package io.kolo.executor.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Ready;
import io.kolo.executor.control.proto.ToWorker;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
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
    private final JobToken token = JobToken.random();
    private final BlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<ToWorker> messages = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    private ControlServer server;

    @BeforeEach
    void listen() throws IOException {
        server = new ControlServer(2, token, events::add, (slot, progress) -> {});
    }

    @AfterEach
    void close() {
        server.close();
    }

    private ControlClient connect(JobToken with) {
        return new ControlClient(server.address(), with, messages::add, ends::add);
    }

    private static FromWorker hello(int slot) {
        return FromWorker.newBuilder()
                .setHello(Hello.newBuilder().setSlot(slot))
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
        ControlClient worker = connect(token);
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

    @Test
    void shouldNotHearAStrangerWithoutTheToken() throws InterruptedException {
        try (ControlClient stranger = connect(JobToken.random())) {
            stranger.outbox().sendNow(hello(0));
            assertTrue(next(ends).contains("UNAUTHENTICATED"));
        }
        try (ControlClient worker = connect(token)) {
            worker.outbox().sendNow(hello(0));
            assertInstanceOf(WorkerEvent.Joined.class, next(events), "the slot is still free, and nothing came before");
        }
    }

    @Test
    void shouldRefuseASlotThatIsTakenOrDoesNotExist() throws InterruptedException {
        try (ControlClient worker = connect(token);
                ControlClient twin = connect(token);
                ControlClient third = connect(token);
                ControlClient mute = connect(token)) {
            worker.outbox().sendNow(hello(0));
            assertInstanceOf(WorkerEvent.Joined.class, next(events));
            twin.outbox().sendNow(hello(0));
            assertTrue(next(ends).contains("slot 0 is taken"));
            third.outbox().sendNow(hello(2));
            assertTrue(next(ends).contains("a slot below 2"));
            mute.outbox()
                    .sendNow(FromWorker.newBuilder()
                            .setReady(Ready.getDefaultInstance())
                            .build());
            assertTrue(next(ends).contains("must be a hello"));
            assertTrue(events.isEmpty(), "none of them is heard: " + events);
        }
    }
}
