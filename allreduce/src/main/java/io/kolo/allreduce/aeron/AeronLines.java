package io.kolo.allreduce.aeron;

import io.aeron.Aeron;
import io.aeron.Subscription;
import io.kolo.allreduce.Channels;
import io.kolo.allreduce.Lines;
import io.kolo.allreduce.Link;
import io.kolo.allreduce.Ring;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * A rank's lines over Aeron UDP. Each is a stream of its own, numbered by its process set (16 bits), the last four bits
 * of its generation, so that no ring joins the streams of the one before it, and by who sends in it (12 bits): all that
 * come in arrive at one port.
 */
final class AeronLines implements Lines {
    private static final int RANK_BITS = 12;
    private static final int GENERATION_BITS = 4;

    /**
     * What all lines of a rank have in common.
     *
     * @param incoming the channel of this rank's port
     * @param outgoing the channels to all ranks of the World
     * @param ring this rank's place in the World
     */
    record Port(Aeron aeron, DriverDuty duty, String incoming, List<String> outgoing, Ring ring) {}

    private final Port port;
    private final int channel;
    private final int[] ranks;
    private final Map<Integer, AeronLine> outgoing = new ConcurrentHashMap<>();
    private final Map<Integer, Subscription> subscriptions = new ConcurrentHashMap<>();

    /** The lines of a World. */
    AeronLines(Port port) {
        this(port, 0, IntStream.range(0, port.outgoing.size()).toArray());
    }

    private AeronLines(Port port, int channel, int[] ranks) {
        this.port = port;
        this.channel = channel;
        this.ranks = ranks;
    }

    @Override
    public Link link(int left, int right) {
        return new AeronLink(port.duty, from(left), to(right));
    }

    Subscription from(int rank) {
        return subscriptions.computeIfAbsent(
                ranks[rank], key -> port.duty.alone(() -> port.aeron.addSubscription(port.incoming, stream(key))));
    }

    AeronLine to(int rank) {
        return outgoing.computeIfAbsent(
                ranks[rank],
                key -> new AeronLine(
                        port.duty,
                        () -> port.aeron.addExclusivePublication(port.outgoing.get(key), stream(port.ring.rank()))));
    }

    private int stream(int source) {
        int generation = port.ring.generation() & ((1 << GENERATION_BITS) - 1);
        return (channel << GENERATION_BITS | generation) << RANK_BITS | source;
    }

    @Override
    public Lines subset(int number, int[] ofThese) {
        int[] world = IntStream.of(ofThese).map(rank -> ranks[rank]).toArray();
        return new AeronLines(port, Channels.child(channel, number), world);
    }

    @Override
    public void close() {
        if (!port.duty.isClosed()) { // else all of them are
            var unused = port.duty.alone(() -> {
                outgoing.values().forEach(line -> line.current().close());
                subscriptions.values().forEach(Subscription::close);
                return this;
            });
        }
    }
}
