package io.kolo.executor.control;

import io.kolo.executor.control.proto.FromCoordinator;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.ToCoordinator;
import io.kolo.executor.control.proto.ToWorker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A process's way to its driver. Where another driver may take the place of one that was killed, at the same address,
 * it calls until that one answers.
 *
 * @param <Q> what the process says
 * @param <A> what it hears
 */
public final class DriverLink<Q, A> implements AutoCloseable {
    private static final long RETRY_MS = 200;

    private final ControlClient.Line<A> line;
    private final Function<ControlClient.Line<A>, ControlClient<Q, A>> call;
    private final Duration patience;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("kolo-driver").factory());

    /** What each driver is told first. */
    private final List<Q> introduction = new ArrayList<>();

    private volatile ControlClient<Q, A> client;

    /** How often it was lost. */
    private int losses;

    private volatile boolean lost;

    private DriverLink(
            ControlClient.Line<A> line,
            Function<ControlClient.Line<A>, ControlClient<Q, A>> call,
            Q hello,
            Duration patience) {
        this.line = line;
        this.call = call;
        this.patience = patience;
        introduction.add(hello);
        this.client = connect();
    }

    /**
     * Calls the driver, as a worker.
     *
     * @param driver whose {@code ended} is called once it is gone and no other has come
     * @param hello what each driver is told first
     * @param patience for how long another one may come; zero if none will
     */
    public static DriverLink<FromWorker, ToWorker> join(
            ControlClient.Line<ToWorker> driver, FromWorker hello, Duration patience) {
        return new DriverLink<>(driver, ControlClient::join, hello, patience);
    }

    /** Calls the driver, as the coordinator; as {@link #join} does. */
    public static DriverLink<FromCoordinator, ToCoordinator> coordinate(
            ControlClient.Line<ToCoordinator> driver, FromCoordinator hello, Duration patience) {
        return new DriverLink<>(driver, ControlClient::coordinate, hello, patience);
    }

    /** Returns the way to the driver that is there now; what is sent while there is none is lost. */
    public Outbox<Q> outbox() {
        return client.outbox();
    }

    /** Tells the driver something, and each that comes after it. */
    public synchronized void tellAll(Q message) {
        introduction.add(message);
        outbox().sendNow(message);
    }

    /** Hangs up, and calls no more. */
    @Override
    public synchronized void close() {
        timer.shutdownNow();
        client.close();
    }

    private synchronized ControlClient<Q, A> connect() {
        ControlClient<Q, A> next = call.apply(
                new ControlClient.Line<>(line.address(), line.identity(), line.token(), this::hear, this::ended));
        introduction.forEach(next.outbox()::sendNow);
        return next;
    }

    private void hear(A message) {
        lost = false;
        line.messages().accept(message);
    }

    private synchronized void ended(String reason) {
        if (timer.isShutdown()) {
            return;
        }
        if (patience.isZero()) {
            line.ended().accept(reason);
            return;
        }
        if (!lost) {
            lost = true;
            losses++;
            giveUpLater(losses, reason);
        }
        var unused = timer.schedule(this::connectAgain, RETRY_MS, TimeUnit.MILLISECONDS);
    }

    private synchronized void connectAgain() {
        if (!timer.isShutdown()) {
            client.close();
            client = connect();
        }
    }

    private void giveUpLater(int loss, String reason) {
        var unused = timer.schedule(() -> giveUp(loss, reason), patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** A driver that is there, and has nothing to say yet, is waited for. */
    private synchronized void giveUp(int loss, String reason) {
        if (!lost || loss != losses || timer.isShutdown()) {
            return;
        }
        if (outbox().isReady()) {
            giveUpLater(loss, reason);
        } else {
            line.ended().accept(reason + "; no other came within " + patience.toSeconds() + " s");
        }
    }
}
