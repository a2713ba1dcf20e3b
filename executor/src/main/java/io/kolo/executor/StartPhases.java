package io.kolo.executor;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** How long a job takes to come up, from one phase to the next. */
final class StartPhases {
    private final List<JobSummary.Phase> phases = new CopyOnWriteArrayList<>();
    private final AtomicBoolean stepped = new AtomicBoolean();
    private volatile long lastNs = System.nanoTime();

    /** A phase is over, and the next one begins. */
    void over(String phase) {
        long nowNs = System.nanoTime();
        phases.add(new JobSummary.Phase(phase, (nowNs - lastNs) / 1e9));
        lastNs = nowNs;
    }

    /** A worker has reported a step: the last phase is over with the first of them. */
    void step() {
        if (stepped.compareAndSet(false, true)) {
            over("first step");
        }
    }

    List<JobSummary.Phase> all() {
        return phases;
    }
}
