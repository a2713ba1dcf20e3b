package io.kolo.elastic.simulation;

import io.kolo.elastic.Generation;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Lets a scenario's faults happen when the job is in their phases. */
final class Faults {
    private static final long CUT_NS = 4000 * Simulation.MS;

    private record Cut(int one, int other, long untilNs) {}

    private final List<Fault> waiting;
    private final Simulation simulation;
    private final Map<JobPhase, Integer> entered = new EnumMap<>(JobPhase.class);
    private final List<Cut> cuts = new ArrayList<>();
    private boolean ambiguous;
    private JobPhase last = JobPhase.LEADERLESS;

    Faults(List<Fault> faults, Simulation simulation) {
        this.waiting = new ArrayList<>(faults);
        this.simulation = simulation;
    }

    /** Whether it is open who is to blame: a coordinator stood still or was not alone, or the ring was cut. */
    boolean isAmbiguous() {
        return ambiguous;
    }

    /** Whether two members cannot hear each other. */
    boolean isCut(Generation generation) {
        return cuts.stream()
                .anyMatch(cut ->
                        simulation.nowNs() < cut.untilNs && generation.has(cut.one) && generation.has(cut.other));
    }

    /** The job is in this phase now. */
    void look(JobPhase phase) {
        if (phase == last) {
            return;
        }
        last = phase;
        int occurrence = entered.merge(phase, 1, Integer::sum) - 1;
        for (Fault fault : List.copyOf(waiting)) {
            if (fault.phase() == phase && fault.occurrence() == occurrence) {
                waiting.remove(fault);
                simulation.after(fault.delayNs(), () -> happen(fault.kind()));
            }
        }
    }

    private void happen(Fault.Kind kind) {
        List<SimulatedWorker> members = simulation.targets();
        SimulatedCoordinator leader = simulation.leader().orElse(null);
        boolean ofWorkers = kind.name().startsWith("WORKER") || kind.name().endsWith("_KILLED");
        if (kind.name().startsWith("COORDINATOR") ? leader == null : ofWorkers && members.isEmpty()) {
            return;
        }
        if (kind == Fault.Kind.RING_CUT && members.size() < 2) {
            return;
        }
        if (kind == Fault.Kind.WORKER_HANGS
                && members.stream().filter(member -> !member.hangs).count() < 2) {
            return; // where all hang, nobody is there to find it; a job's own timeouts do
        }
        simulation.count(kind, simulation.phase());
        if (leader != null) {
            ofCoordinators(kind, leader);
        }
        if (!members.isEmpty()) {
            ofWorkers(kind, members, simulation.pick(members));
        }
    }

    private void ofCoordinators(Fault.Kind kind, SimulatedCoordinator leader) {
        switch (kind) {
            case COORDINATOR_KILLED -> simulation.killCoordinator(leader);
            case COORDINATOR_STOPPED -> {
                ambiguous = true;
                leader.stop(simulation.between(500 * Simulation.MS, 6000 * Simulation.MS));
            }
            case COORDINATOR_DOUBLED -> {
                ambiguous = true;
                simulation.startCoordinator();
            }
            default -> {}
        }
    }

    private void ofWorkers(Fault.Kind kind, List<SimulatedWorker> members, SimulatedWorker worker) {
        switch (kind) {
            case WORKER_KILLED -> worker.kill();
            case HALF_KILLED -> members.subList(0, (members.size() + 1) / 2).forEach(SimulatedWorker::kill);
            case ALL_BUT_ONE_KILLED ->
                members.stream().filter(other -> other != worker).forEach(SimulatedWorker::kill);
            case WORKER_STOPPED_FOR_1_S -> stop(worker, 1000 * Simulation.MS);
            case WORKER_STOPPED_FOR_10_S -> stop(worker, 10_000 * Simulation.MS);
            case WORKER_HANGS -> {
                worker.disturbed = true;
                worker.hangs = true;
            }
            case WORKER_SUSPECTED -> {
                worker.disturbed = true;
                worker.suspected = true;
                simulation.leader().ifPresent(leader -> leader.lost(worker.number, "is suspected"));
            }
            case WORKER_DRAINED -> {
                worker.disturbed = true;
                simulation.drain(worker);
            }
            case WORKER_JOINS -> simulation.join();
            case WORKER_CUT_OFF -> {
                worker.disturbed = true;
                worker.cutOffUntilNs =
                        simulation.nowNs() + simulation.between(500 * Simulation.MS, 6000 * Simulation.MS);
            }
            case RING_CUT ->
                cut(
                        worker,
                        simulation.pick(members.stream()
                                .filter(other -> other != worker)
                                .toList()));
            case COORDINATOR_KILLED, COORDINATOR_STOPPED, COORDINATOR_DOUBLED -> {}
        }
    }

    private static void stop(SimulatedWorker worker, long durationNs) {
        worker.disturbed = true;
        worker.stop(durationNs);
    }

    private void cut(SimulatedWorker one, SimulatedWorker other) {
        ambiguous = true;
        cuts.add(new Cut(one.number, other.number, simulation.nowNs() + CUT_NS));
        simulation.after(CUT_NS, simulation::turnRing);
    }
}
