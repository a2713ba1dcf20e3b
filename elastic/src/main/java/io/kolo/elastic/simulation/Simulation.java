package io.kolo.elastic.simulation;

import io.kolo.elastic.ElasticRules;
import io.kolo.elastic.Generation;
import io.kolo.elastic.Membership;
import io.kolo.elastic.Order;
import io.kolo.elastic.Replica.Phase;
import io.kolo.elastic.Standing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One job from its launch to its end, with all that happens to it. */
final class Simulation {
    static final long MS = 1_000_000;
    private static final long LONGEST_NS = 300_000 * MS;
    private static final int MOST_WORKERS = 60;

    private final Timeline timeline = new Timeline();
    private final Scenario scenario;
    private final SplittableRandom random;
    private final Coverage coverage;
    private final @Nullable List<String> trace;
    private final Invariants invariants;
    private final Faults faults;
    private final List<Generation> journal = new ArrayList<>();
    private final Map<Integer, SimulatedRing> rings = new HashMap<>();
    private final List<SimulatedWorker> workers = new ArrayList<>();
    private final List<SimulatedCoordinator> coordinators = new ArrayList<>();
    private final Set<Integer> draining = new TreeSet<>();
    private int launching;
    private int launched;
    private int target;
    private @Nullable String outcome;
    private boolean done;

    /** A job whose every chance comes from the seed; with a trace to write to, or null. */
    Simulation(long seed, Coverage coverage, @Nullable List<String> trace) {
        this.random = new SplittableRandom(seed);
        this.scenario = Scenario.draw(random.split());
        this.coverage = coverage;
        this.trace = trace;
        this.invariants = new Invariants(scenario);
        this.faults = new Faults(scenario.faults(), this);
        this.target = scenario.workers();
        note(scenario::toString);
    }

    /**
     * Runs the job to its end.
     *
     * @return how it ended
     * @throws Violation if an invariant does not hold, or it comes to no end
     */
    String run() {
        coordinators.add(new SimulatedCoordinator(0, this));
        keepUp();
        while (!isOver()) {
            if (!timeline.next() || timeline.nowNs() > LONGEST_NS) {
                throw new Violation("END: no end after " + timeline.nowNs() / MS + " ms: " + phase() + ", "
                        + workers.stream()
                                .filter(worker -> worker.alive)
                                .map(worker -> worker.standing() + " " + worker.replica.phase())
                                .toList());
            }
            invariants.check(journal, workers);
            faults.look(phase());
        }
        return outcome == null ? "done" : outcome;
    }

    private boolean isOver() {
        if (outcome != null) {
            return true;
        }
        if (!scenario.restarts() && leader().isEmpty() && !journal.isEmpty()) {
            // Without a coordinator they come to their end, unless it had asked them to wait for it.
            return members().allMatch(worker -> worker.standing().finished())
                    || (members().allMatch(worker -> worker.replica.phase() == Phase.FROZEN)
                            && members().anyMatch(worker -> worker.replica.halting()));
        }
        return done && members().noneMatch(worker -> worker.alive);
    }

    private Stream<SimulatedWorker> members() {
        return workers.stream().filter(worker -> journal.getLast().has(worker.number));
    }

    /** The engine: starts a worker for each that is missing. */
    private void keepUp() {
        long present = workers.stream().filter(worker -> worker.alive).count();
        while (present + launching < target && launched < MOST_WORKERS && !done) {
            launching++;
            launched++;
            timeline.after(between(50 * MS, 500 * MS), () -> {
                launching--;
                int number = workers.size();
                workers.add(new SimulatedWorker(number, "host" + random.nextInt(scenario.hosts()), this));
            });
        }
        timeline.after(50 * MS, this::keepUp);
    }

    void join() {
        target = Math.min(target + 1, scenario.rules().maxWorkers() + 1);
    }

    void drain(SimulatedWorker worker) {
        draining.add(worker.number);
        timeline.after(20_000 * MS, () -> {
            if (worker.alive) {
                worker.kill();
            }
        });
    }

    /** A process has ended; whoever is connected to it sees that. */
    void exited(SimulatedWorker worker) {
        if (nowNs() >= worker.cutOffUntilNs) {
            coordinators.forEach(coordinator -> coordinator.after(
                    between(MS, 50 * MS), () -> coordinator.lost(worker.number, "its process ended")));
        }
    }

    void evict(int number) {
        SimulatedWorker worker = workers.get(number);
        isNoLoss(worker, "evicted");
        if (!worker.suspected && chance(0.9)) {
            timeline.after(between(MS, 20 * MS), () -> {
                if (worker.alive) {
                    worker.kill();
                }
            });
        }
    }

    private void isNoLoss(SimulatedWorker worker, String what) {
        if (worker.healthy() && !worker.disturbed && !faults.isAmbiguous()) {
            throw new Violation("JUST: worker " + worker.number + " is " + what + " for nothing");
        }
    }

    // The network.

    void tellCoordinators(SimulatedWorker worker) {
        Standing standing = worker.standing();
        for (SimulatedCoordinator coordinator : coordinators) {
            send(worker, () -> coordinator.after(0, () -> coordinator.heard(standing, worker.host)));
        }
    }

    void tellWorker(SimulatedCoordinator coordinator, int number, Order order) {
        if (order instanceof Order.Form form && !journal.contains(form.next())) {
            throw new Violation(
                    "JOURNAL: coordinator " + coordinator.number + " announces what is not in the journal: " + order);
        }
        SimulatedWorker worker = workers.get(number);
        send(worker, () -> worker.after(0, () -> worker.hear(order)));
    }

    private void send(SimulatedWorker worker, Runnable arrival) {
        if (nowNs() < worker.cutOffUntilNs || chance(scenario.dropped())) {
            return;
        }
        timeline.after(delayNs(), arrival);
        if (chance(scenario.doubled())) {
            timeline.after(delayNs(), arrival);
        }
    }

    private long delayNs() {
        return chance(0.02) ? between(MS, 200 * MS) : between(MS / 10, 3 * MS);
    }

    /** A coordinator counts with what a worker says. */
    void heard(Standing standing) {
        invariants.heard(standing, journal);
    }

    // The journal, and the coordinators.

    List<Generation> journal() {
        return journal;
    }

    /** Returns false if the number is taken. The coordinator may be unaware of any step done. */
    boolean append(Generation generation, boolean unaware) {
        if (generation.number() != journal.size() + 1) {
            return false;
        }
        if (!journal.isEmpty()) {
            members().filter(worker -> !generation.has(worker.number)).forEach(worker -> isNoLoss(worker, "dropped"));
        }
        journal.add(generation);
        note(() -> "journaled: " + generation);
        invariants.journaled(journal, workers, unaware);
        return true;
    }

    Optional<SimulatedCoordinator> leader() {
        return coordinators.stream().filter(coordinator -> coordinator.alive).findFirst();
    }

    void killCoordinator(SimulatedCoordinator coordinator) {
        coordinator.alive = false;
        steppedDown();
    }

    /** One coordinator less. */
    void steppedDown() {
        if (scenario.restarts()) {
            timeline.after(between(0, 2000 * MS), () -> {
                if (leader().isEmpty()) {
                    startCoordinator();
                }
            });
        }
    }

    void startCoordinator() {
        note(() -> "a coordinator starts");
        coordinators.add(new SimulatedCoordinator(coordinators.size(), this));
    }

    void done(Generation generation) {
        note(() -> "done: " + generation);
        for (SimulatedWorker worker : members().toList()) {
            if (worker.history().size() != scenario.steps()) {
                throw new Violation("DONE: but worker " + worker.number + " is at " + worker.state());
            }
        }
        done = true;
    }

    void gaveUp(String reason) {
        note(() -> "gave up: " + reason);
        outcome = "gave up";
        boolean well = !journal.isEmpty() && members().allMatch(worker -> worker.healthy() && !worker.disturbed);
        if (well && !faults.isAmbiguous()) {
            throw new Violation("JUST: gave up for nothing: " + reason);
        }
    }

    // What happens, and where the job is.

    JobPhase phase() {
        SimulatedCoordinator leader = leader().orElse(null);
        if (leader == null) {
            return JobPhase.LEADERLESS;
        }
        Membership membership = leader.membership();
        return switch (membership.phase()) {
            case COLLECTING -> JobPhase.COLLECTING;
            case RECORDING -> JobPhase.RECORDING;
            case WAITING -> membership.current().number() == 0 ? JobPhase.STARTING : JobPhase.WAITING;
            case DONE, OVER -> JobPhase.FINISHING;
            case RUNNING -> running(membership);
        };
    }

    private JobPhase running(Membership membership) {
        Generation current = journal.getLast();
        if (members()
                .anyMatch(worker -> worker.replica.generation().number() < current.number()
                        || worker.replica.phase() == Phase.LEVELLING
                        || worker.state().step() < current.base().step())) {
            return JobPhase.LEVELLING;
        }
        if (members().anyMatch(worker -> worker.standing().finished())) {
            return JobPhase.FINISHING;
        }
        return membership.halting() ? JobPhase.HALTING : JobPhase.STEPPING;
    }

    void count(Fault.Kind kind, JobPhase phase) {
        note(() -> "FAULT " + kind + " in " + phase);
        coverage.count(kind, phase);
    }

    boolean isCut(Generation generation) {
        return faults.isCut(generation);
    }

    SimulatedRing ring(Generation generation) {
        return rings.computeIfAbsent(generation.number(), number -> new SimulatedRing(generation, this));
    }

    /** The ring of the last generation may go on. */
    void turnRing() {
        if (!journal.isEmpty()) {
            ring(journal.getLast()).turn();
        }
    }

    List<SimulatedWorker> workers() {
        return workers;
    }

    /** The members of the last generation that live; any worker that lives before the first. */
    List<SimulatedWorker> targets() {
        return workers.stream()
                .filter(worker ->
                        worker.alive && (journal.isEmpty() || journal.getLast().has(worker.number)))
                .toList();
    }

    Set<Integer> draining() {
        return draining;
    }

    int coming() {
        return launching;
    }

    ElasticRules rules() {
        return scenario.rules();
    }

    long steps() {
        return scenario.steps();
    }

    boolean isPlanned() {
        return scenario.isPlanned();
    }

    // Time and chance.

    long nowNs() {
        return timeline.nowNs();
    }

    void after(long delayNs, Runnable action) {
        timeline.after(delayNs, action);
    }

    long between(long least, long most) {
        return random.nextLong(least, most + 1);
    }

    boolean chance(double share) {
        return share > 0 && random.nextDouble() < share;
    }

    <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    void note(Supplier<String> line) {
        if (trace != null) {
            trace.add(String.format("%9.3f ms  %s", timeline.nowNs() / (double) MS, line.get()));
        }
    }
}
