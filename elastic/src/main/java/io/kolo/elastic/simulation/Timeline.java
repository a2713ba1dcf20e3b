package io.kolo.elastic.simulation;

import java.util.Comparator;
import java.util.PriorityQueue;

/** Simulated time: what is to happen, in order. */
final class Timeline {
    private record Event(long atNs, long number, Runnable action) {}

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::atNs).thenComparingLong(Event::number));
    private long nowNs;
    private long number;

    long nowNs() {
        return nowNs;
    }

    void after(long delayNs, Runnable action) {
        events.add(new Event(nowNs + delayNs, number++, action));
    }

    /** Lets the next event happen; returns false if there is none. */
    boolean next() {
        Event event = events.poll();
        if (event == null) {
            return false;
        }
        nowNs = event.atNs;
        event.action.run();
        return true;
    }
}
