package io.kolo.executor;

import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.EngineProvider;
import io.kolo.executor.engine.Node;
import io.kolo.executor.engine.Resources;
import io.kolo.executor.engine.Strategy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a job is made of; {@link RayExecutorBuilder} has the words and the defaults.
 *
 * @param provider has the engine
 * @param address where the engine is
 * @param nodes the nodes it plays
 * @param bundles number of bundles
 * @param workersPerBundle workers in each
 * @param perWorker what each worker needs
 * @param elastic what an elastic job is given; null for one whose workers stay
 */
record JobSettings(
        EngineProvider provider,
        String address,
        List<Node> nodes,
        int bundles,
        int workersPerBundle,
        Resources perWorker,
        Strategy strategy,
        List<Path> jars,
        List<String> jvmArgs,
        ClassLoader loader,
        Map<String, String> environment,
        Transport transport,
        Duration startTimeout,
        Duration collectiveTimeout,
        Duration heartbeatTimeout,
        @Nullable Duration runTimeout,
        Duration leaveTimeout,
        @Nullable Path logFolder,
        @Nullable ElasticSettings elastic,
        JobListener listener) {
    int workers() {
        return bundles * workersPerBundle;
    }

    Engine openEngine() {
        return provider.open(address, nodes);
    }

    Resources bundle() {
        return perWorker.times(workersPerBundle);
    }

    /** Returns the threads that a worker's share of CPUs is good for. */
    int threads() {
        return (int) Math.max(1, perWorker.of(Resources.CPU));
    }

    /** Returns how many GPUs are each worker's. */
    int gpusPerWorker() {
        return (int) perWorker.of(Resources.GPU);
    }

    /** Returns a worker's share of its bundle's GPUs. */
    List<Integer> gpus(List<Integer> ofBundle, int workerInBundle) {
        int each = gpusPerWorker();
        return ofBundle.subList(workerInBundle * each, (workerInBundle + 1) * each);
    }
}
