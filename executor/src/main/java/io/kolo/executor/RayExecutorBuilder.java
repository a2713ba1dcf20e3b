package io.kolo.executor;

import io.kolo.executor.engine.Strategy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Says what to launch: either {@link #workers}, each in a bundle of its own, or {@link #hosts} times
 * {@link #workersPerHost}, each host a bundle.
 */
public final class RayExecutorBuilder extends LaunchBuilder<RayExecutorBuilder> {
    private @Nullable Integer workers;
    private @Nullable Integer hosts;
    private @Nullable Integer workersPerHost;

    RayExecutorBuilder() {
        super(Duration.ofMinutes(5), Duration.ofMinutes(1));
    }

    @Override
    RayExecutorBuilder self() {
        return this;
    }

    /** Sets the number of workers, at least 1; by default 1. */
    public RayExecutorBuilder workers(int workers) {
        this.workers = workers;
        return this;
    }

    /** Sets the number of hosts; needs {@link #workersPerHost}. */
    public RayExecutorBuilder hosts(int hosts) {
        this.hosts = hosts;
        return this;
    }

    /** Sets the number of workers on each host; needs {@link #hosts}. */
    public RayExecutorBuilder workersPerHost(int workersPerHost) {
        this.workersPerHost = workersPerHost;
        return this;
    }

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException with what to do
     */
    public RayExecutor build() {
        boolean byHost = hosts != null || workersPerHost != null;
        if (byHost && workers != null) {
            throw new IllegalArgumentException("give workers, or hosts and workersPerHost, but not both");
        }
        if (byHost && (hosts == null || workersPerHost == null)) {
            throw new IllegalArgumentException("hosts and workersPerHost belong together: give both");
        }
        int bundles = byHost ? positive("hosts", hosts) : positive("workers", workers);
        int workersPerBundle = byHost ? positive("workersPerHost", workersPerHost) : 1;
        return new RayExecutor(
                settings(bundles, workersPerBundle, byHost ? Strategy.STRICT_SPREAD : Strategy.PACK, null));
    }
}
