package io.kolo.allreduce.aeron;

import io.aeron.Aeron;
import io.aeron.ChannelUriStringBuilder;
import io.aeron.CommonContext;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.kolo.allreduce.Lines;
import io.kolo.allreduce.Ring;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.CloseHelper;
import org.agrona.LangUtil;

/**
 * A rank's end of the data plane: an embedded media driver and the address where the left neighbour's chunks arrive. It
 * is opened before the ring is known, since the ring is made of such addresses.
 */
public final class AeronEndpoint implements AutoCloseable {
    /** Nobody sends in this one: the subscription to it holds the port that all lines share. */
    private static final int PORT_STREAM = -1;

    /** Subscriptions with the same tag share a port. */
    private static final String TAG = "1";

    /** Room for some 16,000 counters, of which a line takes eight; five times this is touched at the start. */
    private static final int COUNTERS_LENGTH = 2 << 20;

    /** Small terms stay in the cache. */
    private static final int TERM_LENGTH = 1 << 20;

    /**
     * How long Aeron keeps up a neighbour, or its own client, that is not heard of. A process may be stopped, or a
     * machine suspended, and go on; who is lost is found out elsewhere, and sooner.
     */
    private static final Duration LIVENESS = Duration.ofMinutes(5);

    private final MediaDriver driver;
    private final Aeron aeron;
    private final DriverDuty duty;
    private final String incoming;
    private final Listening address;

    private AeronEndpoint(MediaDriver driver, Aeron aeron, DriverDuty duty, String host, int mtu, Duration timeout) {
        this.driver = driver;
        this.aeron = aeron;
        this.duty = duty;
        this.incoming = udp(host + ":0").tags(TAG).build();
        Subscription port = aeron.addSubscription(incoming, PORT_STREAM);
        await(() -> port.resolvedEndpoint() != null, timeout, () -> false, "a port on " + host);
        this.address = new Listening(String.valueOf(port.resolvedEndpoint()), mtu);
        duty.startBackground();
    }

    /**
     * Starts a driver and binds a port.
     *
     * @param folder the driver's own folder, created here and deleted by {@link #close}; best on a file system in
     *     memory
     * @param host address of the interface to bind to, such as {@code 127.0.0.1}
     * @param timeout the longest this may take
     * @throws IllegalStateException if nothing could be bound in that time
     */
    public static AeronEndpoint open(Path folder, String host, Duration timeout) {
        int mtu = Listening.mtuAt(host);
        MediaDriver driver = MediaDriver.launch(new MediaDriver.Context()
                .aeronDirectoryName(folder.toString())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .threadingMode(ThreadingMode.INVOKER)
                .warnIfDirectoryExists(false)
                .mtuLength(mtu)
                .publicationTermBufferLength(TERM_LENGTH)
                .counterValuesBufferLength(COUNTERS_LENGTH)
                .clientLivenessTimeoutNs(LIVENESS.toNanos())
                .imageLivenessTimeoutNs(LIVENESS.toNanos())
                .publicationConnectionTimeoutNs(LIVENESS.toNanos())
                .untetheredWindowLimitTimeoutNs(LIVENESS.toNanos())
                .publicationUnblockTimeoutNs(LIVENESS.plusSeconds(5).toNanos()));
        Aeron aeron = null;
        try {
            AtomicReference<Throwable> fault = new AtomicReference<>();
            aeron = Aeron.connect(new Aeron.Context()
                    .aeronDirectoryName(folder.toString())
                    .useConductorAgentInvoker(true)
                    .driverAgentInvoker(driver.sharedAgentInvoker())
                    .driverTimeoutMs(LIVENESS.toMillis())
                    .errorHandler(fault::set)
                    .subscriberErrorHandler(AeronEndpoint::rethrow));
            DriverDuty duty = new DriverDuty(driver.sharedAgentInvoker(), aeron.conductorAgentInvoker(), fault);
            return new AeronEndpoint(driver, aeron, duty, host, mtu, timeout);
        } catch (RuntimeException e) {
            CloseHelper.quietCloseAll(aeron, driver);
            throw e;
        }
    }

    /** Returns the address of the interface that it is bound to. */
    public String host() {
        return address.host();
    }

    /** Returns where the others send to, {@code HOST:PORT/MTU}. */
    public String address() {
        return address.toString();
    }

    /**
     * Returns lines from this rank to the others, each of which is made when it is first used.
     *
     * @param addresses of all ranks' endpoints, in the order of ranks
     * @param ring this rank's place
     */
    public Lines lines(List<String> addresses, Ring ring) {
        return open(addresses, ring);
    }

    private AeronLines open(List<String> addresses, Ring ring) {
        List<Listening> ranks = addresses.stream().map(Listening::of).toList();
        int mtu = Listening.smallestMtu(ranks);
        List<String> channels = ranks.stream()
                .map(each ->
                        udp(each.endpoint()).mtu(mtu).termLength(TERM_LENGTH).build())
                .toList();
        return new AeronLines(new AeronLines.Port(aeron, duty, incoming, channels, ring));
    }

    /** As below, and never gives up before its time. */
    public Lines connect(List<String> addresses, Ring ring, Duration timeout) {
        return connect(addresses, ring, timeout, () -> false);
    }

    /**
     * Connects this rank to the others; returns once both neighbours are there. Other lines are made when they are
     * first used.
     *
     * @param addresses of all ranks' endpoints, in the order of ranks
     * @param ring this rank's place
     * @param timeout the longest this may take
     * @param abandoned tells, time and again, whether to give up
     * @throws IllegalStateException if a neighbour was not there in time, or this rank has given up
     */
    public Lines connect(List<String> addresses, Ring ring, Duration timeout, BooleanSupplier abandoned) {
        AeronLines lines = open(addresses, ring);
        if (ring.size() > 1) {
            String right = addresses.get(ring.right());
            try {
                Subscription from = lines.from(ring.left());
                AeronLine to = lines.to(ring.right());
                await(to::isHeard, timeout, abandoned, "the right neighbour at " + right + " to listen");
                await(from::isConnected, timeout, abandoned, "the left neighbour to send to " + address);
            } catch (RuntimeException e) {
                lines.close();
                throw e;
            }
        }
        return lines;
    }

    @Override
    public void close() {
        duty.close();
        CloseHelper.quietCloseAll(aeron, driver);
    }

    private void await(BooleanSupplier condition, Duration timeout, BooleanSupplier abandoned, String what) {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        duty.enter();
        try {
            while (!condition.getAsBoolean()) {
                if (System.nanoTime() - deadlineNs > 0) {
                    throw new IllegalStateException("waited " + timeout.toMillis() + " ms for " + what);
                }
                if (abandoned.getAsBoolean()) {
                    throw new IllegalStateException("gave up waiting for " + what);
                }
                if (duty.doWork() == 0) {
                    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(100));
                }
            }
        } finally {
            duty.leave();
        }
    }

    private static ChannelUriStringBuilder udp(String endpoint) {
        return new ChannelUriStringBuilder().media(CommonContext.UDP_MEDIA).endpoint(endpoint);
    }

    private static void rethrow(Throwable e) {
        LangUtil.rethrowUnchecked(e);
    }
}
