package io.kolo.executor;

import io.kolo.elastic.Blocklist;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Launches a worker for each that an elastic job has lost, where that one was. For one thread. */
final class Replacements {
    private record Vacancy(int gone, String place) {}

    private final JobWorkers workers;
    private final Blocklist blocklist;
    private final List<Vacancy> vacancies = new ArrayList<>();
    private final Map<Integer, String> places = new HashMap<>();
    private final Set<Integer> coming = new HashSet<>();
    private final Set<String> avoided = new HashSet<>();
    private int next;

    /**
     * Nobody is lost yet.
     *
     * @param launched how many were launched; they have the numbers from 0 on
     */
    Replacements(JobWorkers workers, int launched, Duration cooldown) {
        this.workers = workers;
        this.blocklist = new Blocklist(cooldown, launched);
        this.next = launched;
        for (int slot = 0; slot < launched; slot++) {
            coming.add(slot);
        }
    }

    /** A worker is there. */
    void joined(int slot) {
        coming.remove(slot);
    }

    /** A worker's process is gone. */
    void gone(int slot, long nowNs) {
        coming.remove(slot);
        String place = place(slot);
        blocklist.lost(place, nowNs);
        vacancies.add(new Vacancy(slot, place));
    }

    /** Nobody is launched on a node any more: it is to be taken away. */
    void avoid(String node) {
        avoided.add(node);
    }

    /** Returns those that are on their way. */
    Set<Integer> coming() {
        return coming;
    }

    /** Launches what may be launched now, on a thread of its own: to start a process takes a while. */
    void launch(long nowNs) {
        vacancies.removeIf(vacancy -> avoided.contains(workers.node(vacancy.gone)));
        for (Vacancy vacancy : List.copyOf(vacancies)) {
            if (blocklist.admits(vacancy.place, nowNs)) {
                vacancies.remove(vacancy);
                int slot = next++;
                places.put(slot, vacancy.place);
                coming.add(slot);
                Thread.ofVirtual().name("kolo-launch").start(() -> workers.replace(vacancy.gone, slot));
            }
        }
    }

    private String place(int slot) {
        return places.getOrDefault(slot, String.valueOf(slot));
    }
}
