package io.kolo.elastic.simulation;

import io.kolo.elastic.Generation;
import io.kolo.elastic.Member;
import io.kolo.elastic.Standing;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The data plane of a generation. An operation is reduced once all members are inside at one moment; from then on each
 * may complete it by itself, whatever dies, until it promises not to. Where one has left meanwhile, some do not get it
 * any more.
 */
final class SimulatedRing {
    private static final long MOST_TRANSFER_NS = 3 * Simulation.MS;
    private static final long MOST_NEWS_NS = 20 * Simulation.MS;

    private final Simulation simulation;
    private final Generation generation;
    private final Map<Integer, SimulatedWorker> inside = new TreeMap<>();
    private final Set<Integer> left = new HashSet<>();

    SimulatedRing(Generation generation, Simulation simulation) {
        this.generation = generation;
        this.simulation = simulation;
    }

    void enter(SimulatedWorker worker) {
        inside.put(worker.number, worker);
        turn();
    }

    /** Reduces, if all are inside. */
    void turn() {
        boolean all = generation.members().stream().allMatch(member -> inside.containsKey(member.worker()));
        if (!all || simulation.isCut(generation)) {
            return;
        }
        List<SimulatedWorker> members = new ArrayList<>(inside.values());
        inside.clear();
        boolean halt = members.stream().anyMatch(member -> member.replica.halting());
        Member root = generation.members().get(generation.root());
        List<Integer> history = members.stream()
                .filter(member -> member.number == root.worker())
                .findFirst()
                .orElseThrow()
                .history();
        for (SimulatedWorker member : members) {
            member.after(simulation.between(1, MOST_TRANSFER_NS), () -> {
                if (left.isEmpty() || simulation.chance(0.5)) {
                    member.complete(generation, halt, history);
                }
            });
        }
    }

    /** A member is gone, or takes part no more; some of the others see that by themselves. */
    void leave(SimulatedWorker worker) {
        inside.remove(worker.number);
        if (!generation.has(worker.number) || !left.add(worker.number)) {
            return;
        }
        for (SimulatedWorker other : simulation.workers()) {
            if (other.alive && generation.has(other.number) && simulation.chance(0.3)) {
                other.after(simulation.between(1, MOST_NEWS_NS), () -> {
                    if (other.replica.generation().equals(generation)) {
                        other.breakOff(Standing.NOBODY);
                    }
                });
            }
        }
    }

    /**
     * For whom a member believes it waits: mostly for one that is not here, but it may be for one that waits itself.
     */
    int blame(SimulatedWorker waiting) {
        List<Integer> missing = generation.members().stream()
                .map(Member::worker)
                .filter(worker -> worker != waiting.number)
                .filter(worker -> !inside.containsKey(worker) || simulation.chance(0.2))
                .toList();
        return missing.isEmpty() ? Standing.NOBODY : simulation.pick(missing);
    }
}
