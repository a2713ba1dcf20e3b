package io.kolo.elastic;

import java.time.Duration;

/**
 * What a job allows, and how long its coordinator waits.
 *
 * @param minWorkers with fewer, the job waits
 * @param maxWorkers more do not join
 * @param resetLimit how many generations may form that have lost a member; with one more, the job fails
 * @param elasticTimeout how long it waits for enough workers
 * @param collectTimeout how long a member may take to say where it stands, before the others go on without it
 * @param startTimeout how long the first generation waits for workers on their way, once there are enough
 */
public record ElasticRules(
        int minWorkers,
        int maxWorkers,
        int resetLimit,
        Duration elasticTimeout,
        Duration collectTimeout,
        Duration startTimeout) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if no job could keep to them
     */
    public ElasticRules {
        if (minWorkers < 1 || maxWorkers < minWorkers) {
            throw new IllegalArgumentException("from " + minWorkers + " to " + maxWorkers
                    + " workers: give at least 1, and a maximum that is no less than the minimum");
        }
        if (resetLimit < 0) {
            throw new IllegalArgumentException("a reset limit of " + resetLimit + ": give 0 or more");
        }
        positive(elasticTimeout, "elastic timeout");
        positive(collectTimeout, "collect timeout");
        positive(startTimeout, "start timeout");
    }

    private static void positive(Duration duration, String name) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("the " + name + " is " + duration + ": give more than nothing");
        }
    }
}
