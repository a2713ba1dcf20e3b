package io.kolo.executor.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.control.proto.Drain;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.ToWorker;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
@Timeout(120)
class DriverLinkTest {
    private static final FromWorker HELLO = FromWorker.newBuilder()
            .setHello(Hello.newBuilder().setSlot(0).setVersions(Versions.OWN))
            .build();

    private static final FromWorker DRAIN = FromWorker.newBuilder()
            .setDrain(Drain.newBuilder().setReason("SIGTERM"))
            .build();

    private final JobAuthority authority = new JobAuthority();
    private final JobToken token = JobToken.random();
    private final Heard heard = new Heard();
    private final BlockingQueue<ToWorker> messages = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    private ControlServer listen(int port) throws IOException {
        return ControlServer.ofDriver("127.0.0.1", port, 1, JobAuthority.decode(authority.encode()), token, heard);
    }

    private DriverLink<FromWorker, ToWorker> call(ControlServer driver, Duration patience) {
        return DriverLink.join(
                new ControlClient.Line<>(driver.address(), authority.worker(0), token, messages::add, ends::add),
                HELLO,
                patience);
    }

    private WorkerEvent nextEvent() throws InterruptedException {
        WorkerEvent event = Heard.next(heard.events);
        return event instanceof WorkerEvent.Disconnected ? nextEvent() : event;
    }

    private void assertSpeaksWithTheDriver(String word) throws InterruptedException {
        WorkerEvent.Joined joined = assertInstanceOf(WorkerEvent.Joined.class, nextEvent());
        joined.connection().abort(0, word);
        assertEquals(word, Heard.next(messages).getAbort().getReason());
    }

    @Test
    void shouldTellTheNextDriverWhatTheOneBeforeWasTold() throws Exception {
        ControlServer first = listen(0);
        try (DriverLink<FromWorker, ToWorker> link = call(first, Duration.ofMinutes(1))) {
            assertSpeaksWithTheDriver("first");
            link.tellAll(DRAIN);
            assertInstanceOf(WorkerEvent.Drains.class, nextEvent());
            first.close();
            try (ControlServer second = listen(first.port())) {
                assertEquals(first.address(), second.address());
                assertSpeaksWithTheDriver("second");
                assertInstanceOf(WorkerEvent.Drains.class, nextEvent());
                assertTrue(ends.isEmpty(), ends.toString());
            }
        }
    }

    @Test
    void shouldSayThatNoOtherDriverCame() throws Exception {
        ControlServer only = listen(0);
        try (DriverLink<FromWorker, ToWorker> link = call(only, Duration.ofSeconds(1))) {
            assertSpeaksWithTheDriver("only");
            only.close();
            String end = Heard.next(ends);
            assertTrue(end.endsWith("; no other came within 1 s"), end);
            assertFalse(link.outbox().isReady());
        }
    }

    @Test
    void shouldNotWaitForADriverThatCannotCome() throws Exception {
        ControlServer only = listen(0);
        try (DriverLink<FromWorker, ToWorker> link = call(only, Duration.ZERO)) {
            assertSpeaksWithTheDriver("only");
            only.close();
            String end = Heard.next(ends);
            assertFalse(end.contains("no other came"), end);
            assertFalse(link.outbox().sendNow(DRAIN), "it is closed");
        }
    }
}
