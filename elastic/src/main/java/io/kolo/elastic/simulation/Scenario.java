package io.kolo.elastic.simulation;

import io.kolo.elastic.ElasticRules;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a simulated job is like, and what happens to it.
 *
 * @param rules the job's
 * @param workers how many are launched at the start, and kept up
 * @param hosts on how many hosts
 * @param steps how many it does
 * @param dropped the share of control messages that is lost
 * @param doubled the share that arrives twice
 * @param restarts whether a coordinator that dies is started again
 * @param faults what happens
 */
record Scenario(
        ElasticRules rules,
        int workers,
        int hosts,
        long steps,
        double dropped,
        double doubled,
        boolean restarts,
        List<Fault> faults) {
    private static final int MOST_FAULTS = 4;
    private static final int MOST_OCCURRENCES = 3;
    private static final long MOST_DELAY_NS = 15 * Simulation.MS;
    private static final long MOST_START_NS = 600 * Simulation.MS;

    /** Draws a scenario of 2 to 16 workers. */
    static Scenario draw(SplittableRandom random) {
        int workers = random.nextInt(3) == 0 ? random.nextInt(2, 17) : random.nextInt(2, 6);
        int least = random.nextInt(1, workers + 1);
        int most = workers + random.nextInt(3);
        ElasticRules rules = new ElasticRules(
                least, most, 1000, Duration.ofSeconds(40), Duration.ofSeconds(3), Duration.ofSeconds(2));
        List<Fault> faults = new ArrayList<>();
        int count = random.nextInt(1, MOST_FAULTS + 1);
        for (int i = 0; i < count; i++) {
            JobPhase phase = pick(JobPhase.values(), random);
            int occurrence = random.nextInt(3) > 0 ? 0 : random.nextInt(MOST_OCCURRENCES);
            long delayNs = phase == JobPhase.STARTING ? MOST_START_NS : MOST_DELAY_NS;
            faults.add(new Fault(
                    pick(Fault.Kind.values(), random),
                    phase,
                    occurrence,
                    random.nextBoolean() ? 0 : random.nextLong(delayNs)));
        }
        // Or few jobs would come to a halt, and few be without a coordinator.
        switch (random.nextInt(6)) {
            case 0, 1 -> faults.add(new Fault(Fault.Kind.WORKER_JOINS, JobPhase.STEPPING, 0, 0));
            case 2 -> faults.add(new Fault(Fault.Kind.COORDINATOR_KILLED, pick(JobPhase.values(), random), 0, 0));
            default -> {}
        }
        boolean restarts = random.nextInt(40) > 0;
        if (!restarts) {
            faults = List.of(
                    new Fault(Fault.Kind.COORDINATOR_KILLED, JobPhase.STEPPING, 0, random.nextLong(MOST_DELAY_NS)));
        }
        boolean lossy = random.nextInt(3) == 0;
        return new Scenario(
                rules,
                workers,
                random.nextInt(1, 4),
                random.nextLong(1, 13),
                lossy ? 0.1 : 0,
                lossy ? 0.1 : 0,
                restarts,
                List.copyOf(faults));
    }

    private static <T> T pick(T[] values, SplittableRandom random) {
        return values[random.nextInt(values.length)];
    }

    /** Returns whether nothing happens but what is announced: then no step may be lost. */
    boolean isPlanned() {
        return dropped == 0
                && faults.stream()
                        .allMatch(fault ->
                                fault.kind() == Fault.Kind.WORKER_DRAINED || fault.kind() == Fault.Kind.WORKER_JOINS);
    }
}
