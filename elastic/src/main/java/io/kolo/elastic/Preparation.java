package io.kolo.elastic;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What comes before a halt: those that will be in the next generation get its ring ready while the members train on, so
 * that less is left to do once all have frozen. It changes nothing in what is decided then, nor does anyone rely on it.
 */
final class Preparation {
    /** The longest that a halt waits for it; a ring takes some milliseconds. */
    static final long MOST_NS = TimeUnit.SECONDS.toNanos(1);

    private @Nullable List<Integer> workers;
    private long sinceNs;

    boolean isUnderWay() {
        return workers != null;
    }

    /** These are next, by rank. */
    void begin(List<Integer> next, long nowNs) {
        workers = next;
        sinceNs = nowNs;
    }

    /** There is nothing to prepare, or no more. */
    void end() {
        workers = null;
    }

    /** Returns whether all that are still there are ready, or it has taken too long. */
    boolean isOver(Roster roster, int generation, long nowNs) {
        return workers != null
                && (nowNs - sinceNs > MOST_NS
                        || workers.stream()
                                .map(roster::find)
                                .allMatch(entry -> entry == null || isReady(entry, generation)));
    }

    /** Returns what a worker is to be told; null if it has no part in it, or is ready. */
    @Nullable
    Order order(Roster.Entry entry, int generation) {
        return workers != null && workers.contains(entry.worker) && !isReady(entry, generation)
                ? new Order.Prepare(generation, workers)
                : null;
    }

    private static boolean isReady(Roster.Entry entry, int generation) {
        return entry.standing.prepared() > generation;
    }
}
