package io.kolo.ray.node;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What a supervisor has to tell, in its order. Each event is kept until the driver says that it has it: a driver may be
 * killed with an answer on its way, and another one ask for the same.
 */
final class News {
    private static final int MOST_AT_ONCE = 1000;

    private final int most;
    private final Deque<Frame> events = new ArrayDeque<>();

    /** How many events the driver has. */
    private long taken;

    /**
     * There is none yet.
     *
     * @param most events to be kept; then who has another one waits
     */
    News(int most) {
        this.most = most;
    }

    synchronized void put(Frame event) throws InterruptedException {
        while (events.size() >= most) {
            wait();
        }
        events.add(event);
        notifyAll();
    }

    /**
     * Waits for events.
     *
     * @param had how many the driver has, of all there were
     * @return the number of events that came before these, and these, each in a field of its own
     */
    synchronized Frame after(long had, long timeoutMs) throws InterruptedException {
        for (; taken < had && !events.isEmpty(); taken++) {
            events.remove();
        }
        notifyAll();
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        for (long leftMs = timeoutMs; events.isEmpty() && leftMs > 0; ) {
            wait(leftMs);
            leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
        }
        List<byte[]> next =
                events.stream().limit(MOST_AT_ONCE).map(Frame::encode).collect(Collectors.toList());
        return Frame.of("news", taken, next);
    }
}
