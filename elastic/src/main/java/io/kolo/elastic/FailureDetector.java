package io.kolo.elastic;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Says who has been silent for too long. Before it accuses anyone it asks whether it was stalled itself: who was
 * stopped, or starved, has heard nothing of anyone, and that is nobody's fault. It may be that only those threads were
 * starved that hear; so while nobody at all is heard of, everyone has twice the time. For one thread.
 */
public final class FailureDetector {
    private final Map<Integer, Long> heardNs = new TreeMap<>();
    private final long timeoutNs;
    private long lookedNs;
    private long forgivenNs;

    /**
     * A detector that has heard of nobody.
     *
     * @param timeout the silence that is too long; it has to look several times in it
     */
    public FailureDetector(Duration timeout, long nowNs) {
        this.timeoutNs = timeout.toNanos();
        this.lookedNs = nowNs;
        this.forgivenNs = nowNs;
    }

    /** A worker lives. */
    public void heard(int worker, long nowNs) {
        heardNs.put(worker, nowNs);
    }

    /** A worker is not watched any more. */
    public void forget(int worker) {
        heardNs.remove(worker);
    }

    /** Returns those that have been silent for the timeout, and watches them no more. */
    public List<Integer> silent(long nowNs) {
        long latestNs = heardNs.values().stream().reduce(Long::max).orElse(nowNs);
        long silenceNs = nowNs - latestNs;
        boolean stalled = nowNs - lookedNs > timeoutNs / 2;
        boolean deaf = silenceNs > timeoutNs / 2 && silenceNs <= timeoutNs;
        if (stalled || deaf) {
            forgivenNs = nowNs;
        }
        lookedNs = nowNs;
        List<Integer> silent = heardNs.entrySet().stream()
                .filter(worker -> nowNs - Math.max(worker.getValue(), forgivenNs) > timeoutNs)
                .map(Map.Entry::getKey)
                .toList();
        silent.forEach(heardNs::remove);
        return silent;
    }
}
