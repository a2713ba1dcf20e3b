package io.kolo.elastic.simulation;

import io.kolo.elastic.Generation;
import io.kolo.elastic.Order;
import io.kolo.elastic.Replica;
import io.kolo.elastic.Replica.Phase;
import io.kolo.elastic.Standing;
import io.kolo.elastic.StateName;
import java.util.ArrayList;
import java.util.List;

/** A worker's process: the shell around a {@link Replica}, as the executor has one. */
final class SimulatedWorker extends SimulatedProcess {
    private static final long BEAT_NS = 100 * Simulation.MS;
    private static final long PATIENCE_NS = 3000 * Simulation.MS;
    private static final long LEAST_STEP_NS = 2 * Simulation.MS;
    private static final long MOST_PREPARING_NS = 50 * Simulation.MS;
    private static final long MOST_STEP_NS = 20 * Simulation.MS;

    final Replica replica;
    final String host;
    boolean hangs;
    boolean suspected;

    /** Whether anything has kept it from its work. */
    boolean disturbed;

    long cutOffUntilNs;
    private long entries;

    /** For each step applied, the generation that reduced it. */
    private List<Integer> history = List.of();

    SimulatedWorker(int number, String host, Simulation simulation) {
        super(number, simulation);
        this.replica = new Replica(number);
        this.host = host;
        beat();
    }

    List<Integer> history() {
        return history;
    }

    /** Whether nothing keeps it from its work. */
    boolean healthy() {
        return alive && !hangs && !suspected && !stopped() && simulation.nowNs() >= cutOffUntilNs;
    }

    void kill() {
        alive = false;
        if (replica.generation().number() > 0) {
            simulation.ring(replica.generation()).leave(this);
        }
        simulation.exited(this);
    }

    private void beat() {
        simulation.tellCoordinators(this);
        after(BEAT_NS, this::beat);
    }

    /** An order has arrived. */
    void hear(Order order) {
        Generation before = replica.generation();
        Phase earlier = replica.phase();
        if (replica.obey(order)) {
            if (order instanceof Order.Prepare) {
                after(simulation.between(1, MOST_PREPARING_NS), () -> prepared(order.generation() + 1));
                return;
            }
            if (earlier == Phase.IN_STEP && replica.phase() == Phase.FROZEN && simulation.isPlanned()) {
                throw new Violation("PLANNED: worker " + number + " loses a step, and nothing was lost");
            }
            simulation.note(() -> "worker " + number + " obeys " + order + ": " + replica.phase());
            if (replica.phase() == Phase.FROZEN && earlier != Phase.FROZEN) {
                simulation.ring(before).leave(this);
            }
            changed();
        }
    }

    private void prepared(int generation) {
        if (replica.prepared(generation)) {
            simulation.tellCoordinators(this);
        }
    }

    private void changed() {
        simulation.tellCoordinators(this);
        Phase phase = replica.phase();
        if (phase == Phase.LEFT || phase == Phase.RELEASED) {
            kill();
        } else if (phase == Phase.READY && !replica.standing().finished()) {
            if (state().step() == simulation.steps() && replica.finish()) {
                simulation.tellCoordinators(this);
            } else if (!hangs) {
                Generation generation = replica.generation();
                after(simulation.between(LEAST_STEP_NS, MOST_STEP_NS), () -> goIn(generation));
            }
        }
    }

    private void goIn(Generation generation) {
        if (!hangs && replica.generation().equals(generation) && replica.enter()) {
            long entry = ++entries;
            simulation.ring(generation).enter(this);
            after(PATIENCE_NS, () -> {
                if (entry == entries && waits() && replica.generation().equals(generation)) {
                    breakOff(simulation.ring(generation).blame(this));
                }
            });
        }
    }

    private boolean waits() {
        return replica.phase() == Phase.IN_STEP || replica.phase() == Phase.LEVELLING;
    }

    /** The ring is broken. */
    void breakOff(int culprit) {
        if (replica.broke(culprit)) {
            simulation.note(() -> "worker " + number + " breaks off, blaming " + culprit);
            simulation.ring(replica.generation()).leave(this);
            changed();
        }
    }

    /** What it went into the ring for is done. */
    void complete(Generation generation, boolean halt, List<Integer> rootHistory) {
        if (!replica.generation().equals(generation)) {
            return;
        }
        if (replica.phase() == Phase.LEVELLING) {
            replica.levelled();
            history = rootHistory;
            entries++;
            changed();
        } else if (replica.complete(halt)) {
            List<Integer> longer = new ArrayList<>(history);
            longer.add(generation.number());
            history = List.copyOf(longer);
            entries++;
            simulation.note(() -> "worker " + number + " applies " + state() + (halt ? ", halts" : ""));
            changed();
        }
    }

    StateName state() {
        return replica.state();
    }

    Standing standing() {
        return replica.standing();
    }
}
