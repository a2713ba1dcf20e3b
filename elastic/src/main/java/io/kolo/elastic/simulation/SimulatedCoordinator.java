package io.kolo.elastic.simulation;

import io.kolo.elastic.Action;
import io.kolo.elastic.FailureDetector;
import io.kolo.elastic.Generation;
import io.kolo.elastic.Lineage;
import io.kolo.elastic.Membership;
import io.kolo.elastic.Standing;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/** A coordinator's process: the shell around a {@link Membership}, as the executor has one. */
final class SimulatedCoordinator extends SimulatedProcess {
    private static final long TURN_NS = 20 * Simulation.MS;
    private static final long MOST_WRITE_NS = 20 * Simulation.MS;
    private static final Duration SILENCE = Duration.ofSeconds(3);

    private final Membership membership;
    private final FailureDetector detector;
    private final Set<Integer> evicted = new HashSet<>();

    /** It was there from the start, and nobody has told it of a step. */
    private boolean unaware;

    SimulatedCoordinator(int number, Simulation simulation) {
        super(number, simulation);
        this.membership = new Membership(simulation.rules(), new Lineage(simulation.journal()), simulation.nowNs());
        this.unaware = simulation.journal().isEmpty();
        this.detector = new FailureDetector(SILENCE, simulation.nowNs());
        turn();
    }

    Membership membership() {
        return membership;
    }

    private void turn() {
        for (int worker : detector.silent(simulation.nowNs())) {
            lost(worker, "was silent");
        }
        simulation.draining().forEach(worker -> membership.drain(worker, simulation.nowNs()));
        membership.expect(simulation.coming());
        membership.turn(simulation.nowNs());
        act();
        after(TURN_NS, this::turn);
    }

    void heard(Standing standing, String host) {
        if (!evicted.contains(standing.worker())) {
            simulation.heard(standing);
            detector.heard(standing.worker(), simulation.nowNs());
            unaware &= standing.state().step() <= 0;
        }
        membership.heard(standing, host, simulation.nowNs());
        act();
    }

    void lost(int worker, String reason) {
        simulation.note(() -> "coordinator " + number + " has lost worker " + worker + ": " + reason);
        membership.lost(worker, reason, simulation.nowNs());
        act();
    }

    private void act() {
        for (Action action : membership.actions()) {
            switch (action) {
                case Action.Tell tell -> simulation.tellWorker(this, tell.worker(), tell.order());
                case Action.Journal write -> {
                    simulation.note(() -> "coordinator " + number + " decides " + write.generation());
                    after(simulation.between(1, MOST_WRITE_NS), () -> write(write.generation()));
                }
                case Action.Evict evict -> {
                    simulation.note(() -> "coordinator " + number + " evicts " + evict);
                    detector.forget(evict.worker());
                    evicted.add(evict.worker());
                    simulation.evict(evict.worker());
                }
                case Action.Done done -> simulation.done(done.generation());
                case Action.GiveUp giveUp -> simulation.gaveUp(giveUp.reason());
                case Action.StepDown down -> {
                    simulation.note(() -> "coordinator " + number + " steps down: " + down.reason());
                    alive = false;
                    simulation.steppedDown();
                }
            }
        }
    }

    private void write(Generation generation) {
        if (simulation.append(generation, unaware)) {
            after(simulation.between(1, MOST_WRITE_NS), () -> {
                membership.recorded(generation, simulation.nowNs());
                act();
            });
        } else {
            membership.deposed("generation " + generation.number() + " is another's");
            act();
        }
    }
}
