package io.kolo.executor;

import io.kolo.elastic.FailureDetector;
import io.kolo.executor.control.WorkerEvent;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Judges workers by their heartbeats: who is silent ({@link FailureDetector}), and who is behind the others. */
final class WorkerWatch {
    static final long SUSPICIOUS_SILENCE_MS = 2000;

    private static final long SUSPICIOUS_SILENCE_NS = TimeUnit.MILLISECONDS.toNanos(SUSPICIOUS_SILENCE_MS);

    /** The last that was heard of a worker: when, and how many collective operations it had begun. */
    private record Heard(int slot, long atNs, int operations) {}

    private final Map<Integer, Heard> heard = new ConcurrentHashMap<>();
    private final FailureDetector detector;

    WorkerWatch(Duration timeout, long nowNs) {
        this.detector = new FailureDetector(timeout, nowNs);
    }

    /** A worker lives; may be called by any thread. */
    void heard(int slot, int operations, long nowNs) {
        heard.put(slot, new Heard(slot, nowNs, operations));
    }

    /** A worker is gone; by the thread that looks. */
    void forget(int slot) {
        heard.remove(slot);
        detector.forget(slot);
    }

    /** Returns a worker that has been silent for the timeout, or null; called often, by one thread at a time. */
    WorkerEvent.@Nullable Stalled silent(long nowNs) {
        heard.values().forEach(worker -> detector.heard(worker.slot, worker.atNs));
        return detector.silent(nowNs).stream()
                .map(heard::get)
                .filter(Objects::nonNull)
                .min(Comparator.comparingLong(Heard::atNs))
                .map(worker -> silence(worker, nowNs))
                .orElse(null);
    }

    /**
     * Returns whom the others are waiting for when nothing moves any more: one that is silent, or else the one that has
     * begun fewest operations; null if all are heard of and equally far.
     */
    WorkerEvent.@Nullable Stalled laggard(long nowNs) {
        Optional<Heard> quiet = heard.values().stream()
                .filter(worker -> nowNs - worker.atNs > SUSPICIOUS_SILENCE_NS)
                .min(Comparator.comparingLong(Heard::atNs));
        if (quiet.isPresent()) {
            return silence(quiet.get(), nowNs);
        }
        int furthest = heard.values().stream().mapToInt(Heard::operations).max().orElse(0);
        return heard.values().stream()
                .filter(worker -> worker.operations < furthest)
                .min(Comparator.comparingInt(Heard::operations).thenComparingInt(Heard::slot))
                .map(worker -> new WorkerEvent.Stalled(
                        worker.slot,
                        "did not come to collective operation " + furthest
                                + ", where others waited for it; it has begun " + worker.operations))
                .orElse(null);
    }

    private static WorkerEvent.Stalled silence(Heard worker, long nowNs) {
        return new WorkerEvent.Stalled(
                worker.slot, "was silent for " + TimeUnit.NANOSECONDS.toMillis(nowNs - worker.atNs) + " ms");
    }
}
