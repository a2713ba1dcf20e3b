package io.kolo.elastic;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The workers that a coordinator has heard of. */
final class Roster {
    /** One worker. */
    static final class Entry {
        final int worker;
        final String host;
        Standing standing;
        boolean draining;

        @Nullable
        Order told;

        long toldNs;

        private Entry(Standing standing, String host) {
            this.worker = standing.worker();
            this.host = host;
            this.standing = standing;
        }
    }

    private final Map<Integer, Entry> entries = new TreeMap<>();
    private final Set<Integer> gone = new HashSet<>();

    /** Takes what a worker said; late and double ones change nothing. Returns false if it was given up. */
    boolean heard(Standing standing, String host) {
        if (gone.contains(standing.worker())) {
            return false;
        }
        Entry entry = entries.computeIfAbsent(standing.worker(), worker -> new Entry(standing, host));
        if (standing.isNewerThan(entry.standing)) {
            entry.standing = standing;
        }
        return true;
    }

    /** Gives a worker up, for good; returns whether that is news. */
    boolean remove(int worker) {
        entries.remove(worker);
        return gone.add(worker);
    }

    /** Returns whether it was ever heard of, or given up. */
    boolean knows(int worker) {
        return entries.containsKey(worker) || gone.contains(worker);
    }

    /** Returns a worker that is there; null if there is none. */
    @Nullable
    Entry find(int worker) {
        return entries.get(worker);
    }

    /** Returns the members of a generation that are still there, by rank. */
    Stream<Entry> members(Generation generation) {
        return generation.members().stream()
                .map(member -> entries.get(member.worker()))
                .filter(Objects::nonNull);
    }

    /**
     * Returns who was a member before this generation and has come out of the last step of its ring. To have been in
     * none when it froze is not enough: it could have been told of a later generation meanwhile, or be on its way into
     * a ring.
     */
    List<Integer> departed(Generation current) {
        return all().filter(entry -> !current.has(entry.worker))
                .map(entry -> entry.standing)
                .filter(standing -> standing.generation() > 0 && !standing.waiting())
                .filter(standing -> standing.promised() == standing.generation()
                        && standing.state().generation() == standing.generation())
                .map(Standing::worker)
                .toList();
    }

    /** Returns all that are there, by number. */
    Stream<Entry> all() {
        return entries.values().stream();
    }
}
