package io.kolo.elastic;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** Who hangs, when all members still speak but some waited for others in vain. */
final class Blame {
    private Blame() {}

    /**
     * Returns those that were not in the ring while others waited there until a deadline. If all were, the ring is cut
     * between some of them, and the one that most of them could not hear has to go.
     *
     * @param generation whose ring it is
     * @param members of it, as far as they are there, all of them frozen
     */
    static List<Integer> hanging(Generation generation, List<Roster.Entry> members) {
        List<Integer> blamed = members.stream()
                .map(entry -> entry.standing.blamed())
                .filter(worker -> worker != Standing.NOBODY)
                .toList();
        List<Roster.Entry> entered = members.stream()
                .filter(entry -> entry.standing.generation() == generation.number())
                .toList();
        List<Integer> idle = entered.stream()
                .filter(entry -> !entry.standing.waiting())
                .map(entry -> entry.worker)
                .toList();
        if (blamed.isEmpty() || !idle.isEmpty() || entered.size() < members.size()) {
            return blamed.isEmpty() ? List.of() : idle;
        }
        int most = Collections.max(
                blamed,
                Comparator.comparingInt((Integer worker) -> Collections.frequency(blamed, worker))
                        .thenComparingInt(generation::rankOf));
        return List.of(most);
    }
}
