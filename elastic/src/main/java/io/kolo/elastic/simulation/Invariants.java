package io.kolo.elastic.simulation;

import io.kolo.elastic.Generation;
import io.kolo.elastic.Lineage;
import io.kolo.elastic.Member;
import io.kolo.elastic.Standing;
import io.kolo.elastic.StateName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What always holds; docs/elastic.md lists it by these names. */
final class Invariants {
    private final Scenario scenario;
    private final Map<Integer, Standing> before = new HashMap<>();
    private final Map<Integer, Map<Integer, Long>> reported = new HashMap<>();

    /** For each step that is stable, the generation that it counts in. */
    private final List<Integer> stable = new ArrayList<>();

    private Lineage lineage = new Lineage(List.of());
    private int checked;

    Invariants(Scenario scenario) {
        this.scenario = scenario;
    }

    /** A coordinator has heard from a worker: what all members say that they have is stable. */
    void heard(Standing standing, List<Generation> journal) {
        if (standing.generation() == 0) {
            return;
        }
        Generation generation = journal.get(standing.generation() - 1);
        Map<Integer, Long> steps = reported.computeIfAbsent(generation.number(), number -> new HashMap<>());
        steps.merge(standing.worker(), standing.state().step(), Math::max);
        long all = generation.members().stream()
                .map(Member::worker)
                .mapToLong(worker -> steps.getOrDefault(worker, -1L))
                .min()
                .orElse(-1);
        if (generation.number() == journal.size()) {
            while (stable.size() < all) {
                stable.add(lineage.of(stable.size() + 1L).number());
            }
        }
    }

    /**
     * A generation was journaled.
     *
     * @param unaware whether the coordinator that decided it has been told of no step ever: then it may start anew,
     *     since it cannot know what another one beside it was told
     */
    void journaled(List<Generation> journal, List<SimulatedWorker> workers, boolean unaware) {
        Generation next = journal.getLast();
        Generation last = lineage.current();
        boolean anew = next.base().equals(StateName.INITIAL)
                && next.members().stream().noneMatch(member -> last.has(member.worker()));
        if (anew && unaware) {
            stable.clear();
        }
        boolean finishing = workers.stream().anyMatch(worker -> worker.history().size() == scenario.steps());
        hold(next.size() <= scenario.rules().maxWorkers(), () -> "MOST: " + next + " has more members");
        hold(
                next.size() >= scenario.rules().minWorkers() || (finishing && next.size() > 0),
                () -> "LEAST: " + next + " has fewer members");
        try {
            lineage = new Lineage(journal);
        } catch (IllegalArgumentException e) {
            throw new Violation("LOG: " + e.getMessage());
        }
        for (int step = 1; step <= stable.size(); step++) {
            hold(
                    step < next.start() && lineage.of(step).number() == stable.get(step - 1),
                    () -> "STABLE: " + stable + " were stable, and " + next + " undoes some");
        }
    }

    /** Something has happened. */
    void check(List<Generation> journal, List<SimulatedWorker> workers) {
        long least = Long.MAX_VALUE;
        long most = -1;
        for (SimulatedWorker worker : workers) {
            Standing standing = worker.standing();
            Standing earlier = before.put(worker.number, standing);
            if (standing.equals(earlier) && checked == journal.size()) {
                continue;
            }
            named(worker);
            if (earlier != null) {
                promised(worker, earlier, standing);
            }
        }
        checked = journal.size();
        if (journal.isEmpty()) {
            return;
        }
        Generation newest = journal.getLast();
        for (SimulatedWorker worker : workers) {
            if (!worker.alive || !newest.has(worker.number) || !worker.state().exists()) {
                continue;
            }
            matches(worker);
            if (worker.state().step() >= newest.base().step()) {
                least = Math.min(least, worker.state().step());
                most = Math.max(most, worker.state().step());
            }
        }
        String span = "steps " + least + " to " + most;
        hold(most - least <= 1, () -> "SKEW: members of " + newest + " are at " + span);
    }

    private static void named(SimulatedWorker worker) {
        List<Integer> history = worker.history();
        int last = history.isEmpty() ? 0 : history.getLast();
        hold(
                !worker.state().exists()
                        || (worker.state().step() == history.size()
                                && worker.state().generation() == last),
                () -> "NAME: worker " + worker.number + " says " + worker.state() + ", and has " + history);
    }

    private static void promised(SimulatedWorker worker, Standing earlier, Standing now) {
        boolean applied = now.state().step() > earlier.state().step()
                && now.state().generation() == now.generation()
                && now.generation() == earlier.generation();
        hold(
                !applied || earlier.promised() < now.generation(),
                () -> "PROMISE: worker " + worker.number + " had promised not to apply " + now.state());
        hold(
                now.promised() >= earlier.promised() && now.generation() >= earlier.generation(),
                () -> "MONOTONE: worker " + worker.number + " went from " + earlier + " to " + now);
    }

    /** Log matching: a member has what the journal says, step for step. */
    private void matches(SimulatedWorker worker) {
        List<Integer> history = worker.history();
        for (int step = 1; step <= history.size(); step++) {
            hold(
                    history.get(step - 1) == lineage.of(step).number(),
                    () -> "LINEAGE: worker " + worker.number + " has " + history + ", which " + lineage.current()
                            + " has not");
        }
    }

    private static void hold(boolean holds, Supplier<String> message) {
        if (!holds) {
            throw new Violation(message.get());
        }
    }
}
