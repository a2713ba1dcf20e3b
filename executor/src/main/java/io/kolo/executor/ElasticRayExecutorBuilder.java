package io.kolo.executor;

import io.kolo.elastic.ElasticRules;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.engine.Strategy;
import java.net.URI;
import java.time.Duration;

/** Says what to launch: from {@link #minWorkers} to {@link #maxWorkers} workers, each in a bundle of its own. */
public final class ElasticRayExecutorBuilder extends LaunchBuilder<ElasticRayExecutorBuilder> {
    private int minWorkers = 1;
    private int maxWorkers = 1;
    private int resetLimit = 100;
    private Duration elasticTimeout = Duration.ofMinutes(10);
    private Duration cooldown = Duration.ofSeconds(1);

    ElasticRayExecutorBuilder() {
        super(Duration.ofSeconds(10), Duration.ofSeconds(3));
    }

    @Override
    ElasticRayExecutorBuilder self() {
        return this;
    }

    /** Sets the number of workers below which the training waits, at least 1; by default 1. */
    public ElasticRayExecutorBuilder minWorkers(int workers) {
        this.minWorkers = workers;
        return this;
    }

    /** Sets the number of workers that are launched, and replaced when they are lost; by default 1. */
    public ElasticRayExecutorBuilder maxWorkers(int workers) {
        this.maxWorkers = workers;
        return this;
    }

    /** Sets how often the ring may be formed anew without one that was in it, before the run fails; by default 100. */
    public ElasticRayExecutorBuilder resetLimit(int resets) {
        this.resetLimit = resets;
        return this;
    }

    /** Sets how long the training waits for enough workers, before the run fails; by default ten minutes. */
    public ElasticRayExecutorBuilder elasticTimeout(Duration timeout) {
        this.elasticTimeout = timeout;
        return this;
    }

    /**
     * Sets how long a place that has lost a second worker gets no other one, by default a second. It doubles with each
     * further loss, up to a factor of 32.
     */
    public ElasticRayExecutorBuilder cooldown(Duration cooldown) {
        this.cooldown = cooldown;
        return this;
    }

    /**
     * Has each worker ask its cloud, once a second, whether its machine is to be taken away; if so, the workers of that
     * machine leave between two steps. By default nobody asks.
     */
    public ElasticRayExecutorBuilder spotNotices(Cloud cloud) {
        return spotNotices(cloud, cloud.metadata());
    }

    /** Has each worker ask a metadata service like that of a cloud, at an address. */
    public ElasticRayExecutorBuilder spotNotices(Cloud cloud, URI metadata) {
        return environment(WorkerEnvironment.SPOT, cloud + " " + metadata);
    }

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException with what to do
     */
    public ElasticRayExecutor build() {
        ElasticRules rules = new ElasticRules(
                minWorkers, maxWorkers, resetLimit, elasticTimeout, heartbeatTimeout(), startTimeout(), cooldown);
        return new ElasticRayExecutor(settings(maxWorkers, 1, Strategy.PACK, rules));
    }
}
