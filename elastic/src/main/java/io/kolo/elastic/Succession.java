package io.kolo.elastic;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides who is in the next generation, and from which state it starts: the furthest that any survivor holds. Since a
 * step is reduced only when all have entered it, survivors differ by one step at most, and none is lost that a survivor
 * has applied.
 */
final class Succession {
    private final Lineage lineage;
    private final int least;
    private final int most;

    /**
     * Decides for a lineage.
     *
     * @param least with fewer members there is no generation
     * @param most it has no more
     */
    Succession(Lineage lineage, int least, int most) {
        this.lineage = lineage;
        this.least = least;
        this.most = most;
    }

    /**
     * Decides.
     *
     * @param survivors the members of the last generation that are frozen, by rank
     * @param joiners who has no state yet, in the order in which they came
     * @param anew whether no step has been applied by anyone, so that the training may start anew
     */
    Decision decide(List<Candidate> survivors, List<Candidate> joiners, boolean anew) {
        StateName base = survivors.stream()
                .map(Candidate::state)
                .max(Comparator.comparingLong(StateName::step))
                .orElse(StateName.NONE);
        if (!base.exists()) {
            if (!anew) {
                return new Decision.Lost("all workers that held the training's state are lost");
            }
            base = StateName.INITIAL;
        }
        List<Candidate> members = new ArrayList<>(
                survivors.stream().filter(survivor -> !survivor.draining()).toList());
        // One that is about to leave stays for a generation if nobody else has the state.
        keeper(survivors, members, base).forEach(members::addFirst);
        members.addAll(
                joiners.stream().limit(Math.max(0, most - members.size())).toList());
        if (members.size() < least) {
            return new Decision.Wait(members.size() + " of at least " + least + " workers");
        }
        return new Decision.Next(new Generation(
                lineage.current().number() + 1, base, lineage.dealt(base.step()), seated(members, base)));
    }

    private static List<Candidate> keeper(List<Candidate> survivors, List<Candidate> staying, StateName base) {
        if (staying.stream().anyMatch(candidate -> candidate.state().equals(base))) {
            return List.of();
        }
        return survivors.stream()
                .filter(survivor -> survivor.state().equals(base))
                .limit(1)
                .toList();
    }

    /** Those of a host sit side by side. Where nobody has the initial state, rank 0 makes it. */
    private static List<Member> seated(List<Candidate> members, StateName base) {
        Map<String, List<Candidate>> byHost = new LinkedHashMap<>();
        members.forEach(member ->
                byHost.computeIfAbsent(member.host(), host -> new ArrayList<>()).add(member));
        boolean made = members.stream().noneMatch(member -> member.state().equals(base));
        List<Member> seated = new ArrayList<>();
        for (List<Candidate> host : byHost.values()) {
            for (Candidate candidate : host) {
                boolean holder = candidate.state().equals(base) || (made && seated.isEmpty());
                seated.add(new Member(candidate.worker(), candidate.host(), holder));
            }
        }
        return seated;
    }
}
