package io.kolo.elastic.simulation;

/** A process: it can be stopped for a while, and does then what it was to do meanwhile; and it can die. */
abstract class SimulatedProcess {
    final int number;
    final Simulation simulation;
    boolean alive = true;
    private long stoppedUntilNs;

    SimulatedProcess(int number, Simulation simulation) {
        this.number = number;
        this.simulation = simulation;
    }

    boolean stopped() {
        return simulation.nowNs() < stoppedUntilNs;
    }

    void stop(long durationNs) {
        stoppedUntilNs = Math.max(stoppedUntilNs, simulation.nowNs() + durationNs);
    }

    /** Something that this process does, after a while; not if it is dead by then, and later if it stands still. */
    void after(long delayNs, Runnable action) {
        simulation.after(delayNs, () -> {
            if (!alive) {
                return;
            }
            if (stopped()) {
                after(stoppedUntilNs - simulation.nowNs(), action);
            } else {
                action.run();
            }
        });
    }
}
