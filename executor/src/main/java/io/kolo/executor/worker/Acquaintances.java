package io.kolo.executor.worker;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Whom a worker has been in a ring with: they have its memory mapped until their processes are gone. */
final class Acquaintances {
    private final Set<Integer> met = new HashSet<>();
    private final Set<Integer> gone = new HashSet<>();
    private Set<Integer> present = Set.of();

    /** These are in a ring from now on. */
    synchronized void meet(List<Integer> workers) {
        present = Set.copyOf(workers);
        met.addAll(workers);
        met.removeAll(gone);
    }

    /** A worker's process is gone. */
    synchronized void gone(int worker) {
        gone.add(worker);
        met.remove(worker);
    }

    /** Returns whether all are gone who are not in the ring any more. */
    synchronized boolean othersAreGone() {
        return present.containsAll(met);
    }
}
