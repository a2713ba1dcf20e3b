package io.kolo.executor;

import io.kolo.elastic.ElasticRules;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.engine.Strategy;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Says what to launch: from {@link #minWorkers} to {@link #maxWorkers} workers, each in a bundle of its own. */
public final class ElasticRayExecutorBuilder extends LaunchBuilder<ElasticRayExecutorBuilder> {
    private int minWorkers = 1;
    private int maxWorkers = 1;
    private int spares;
    private int resetLimit = 100;
    private Duration elasticTimeout = Duration.ofMinutes(10);
    private Duration cooldown = Duration.ofSeconds(1);
    private @Nullable HostDiscovery hostDiscovery;

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

    /**
     * Sets how many workers are launched beyond {@link #maxWorkers}, by default none. They come up, and wait; when a
     * worker is lost, one of them takes its place at once.
     */
    public ElasticRayExecutorBuilder spares(int workers) {
        this.spares = workers;
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
     * further loss, up to a factor of 32. A node is such a place, too, when it has lost all its workers.
     */
    public ElasticRayExecutorBuilder cooldown(Duration cooldown) {
        this.cooldown = cooldown;
        return this;
    }

    /**
     * Sets who says which hosts may be used at the moment, and for how many workers each; by default workers are where
     * the engine has had room for them when the job began.
     */
    public ElasticRayExecutorBuilder hostDiscovery(HostDiscovery discovery) {
        this.hostDiscovery = discovery;
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
        if (spares < 0) {
            throw new IllegalArgumentException("spares must be 0 or more, not " + spares);
        }
        ElasticRules rules = new ElasticRules(
                minWorkers, maxWorkers, resetLimit, elasticTimeout, heartbeatTimeout(), startTimeout());
        ElasticSettings elastic = new ElasticSettings(rules, spares, positive("cooldown", cooldown), hostDiscovery);
        return new ElasticRayExecutor(settings(elastic.workers(), 1, Strategy.PACK, elastic));
    }
}
