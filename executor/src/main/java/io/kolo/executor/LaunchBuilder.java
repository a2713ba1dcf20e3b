package io.kolo.executor;

import io.kolo.allreduce.Ring;
import io.kolo.executor.engine.EngineProvider;
import io.kolo.executor.engine.Node;
import io.kolo.executor.engine.Resources;
import io.kolo.executor.engine.Strategy;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What all jobs can be given: what each worker needs, where to launch, how long to wait.
 *
 * @param <B> the builder's own type
 */
public abstract sealed class LaunchBuilder<B extends LaunchBuilder<B>>
        permits RayExecutorBuilder, ElasticRayExecutorBuilder {
    private final Map<String, Double> perWorker = new TreeMap<>(Map.of(Resources.CPU, 1.0));
    private @Nullable Strategy strategy;
    private String address = Address.AUTO;
    private List<Node> nodes = List.of();
    private final List<Path> jars = new ArrayList<>();
    private final List<String> jvmArgs = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();
    private @Nullable String program;
    private Transport transport = Transport.AUTO;
    private Duration startTimeout = Duration.ofMinutes(2);
    private Duration collectiveTimeout;
    private Duration heartbeatTimeout;
    private @Nullable Duration runTimeout;
    private Duration leaveTimeout = Duration.ofMillis(500);
    private @Nullable Path logFolder;
    private JobListener listener = new JobListener() {};

    /** A builder with these defaults. */
    LaunchBuilder(Duration collectiveTimeout, Duration heartbeatTimeout) {
        this.collectiveTimeout = collectiveTimeout;
        this.heartbeatTimeout = heartbeatTimeout;
    }

    final Duration heartbeatTimeout() {
        return positive("heartbeatTimeout", heartbeatTimeout);
    }

    final Duration startTimeout() {
        return positive("startTimeout", startTimeout);
    }

    /** Returns this builder, as what it is. */
    abstract B self();

    /**
     * Sets the CPUs of each worker, by default 1: what the cluster reckons with, and the threads for linear algebra.
     */
    public B cpusPerWorker(double cpus) {
        return resourcePerWorker(Resources.CPU, cpus);
    }

    /** Sets the GPUs of each worker, by default 0. They are its alone: it sees no others. */
    public B gpusPerWorker(int gpus) {
        return resourcePerWorker(Resources.GPU, gpus);
    }

    /** Sets how much of a resource, of any name that the cluster's nodes have, each worker needs. */
    public B resourcePerWorker(String name, double amount) {
        perWorker.put(name, amount);
        return self();
    }

    /** Sets how bundles lie to each other; by default PACK for workers and STRICT_SPREAD for hosts. */
    public B placementStrategy(Strategy strategy) {
        this.strategy = strategy;
        return self();
    }

    /**
     * Sets where to launch: {@code "local"} is worker JVMs on this machine, {@code "HOST:PORT"} a Ray cluster, and
     * {@code "auto"}, the default, the cluster of {@code RAY_ADDRESS} if that is set, else local.
     */
    public B address(String address) {
        this.address = address;
        return self();
    }

    /**
     * Sets the nodes that the local engine plays, such as {@code "2x{cpu:4,gpu:2}"}: two nodes of 4 CPUs and 2 GPUs.
     *
     * @throws IllegalArgumentException if the text can't be read
     */
    public B nodes(String nodes) {
        this.nodes = NodeSpecs.parse(nodes);
        return self();
    }

    /** Adds a jar, or a folder of classes, to the workers' class path, beside that of this JVM. */
    public B jar(Path jar) {
        jars.add(jar);
        return self();
    }

    /** Adds an argument of the workers' JVMs, such as {@code "-Xmx4g"}. */
    public B jvmArg(String arg) {
        jvmArgs.add(arg);
        return self();
    }

    /** Sets a variable in the workers' environment. */
    public B environment(String name, String value) {
        environment.put(name, value);
        return self();
    }

    /** Names a {@link TrainingProgram} that will be run, so that building finds out if it can't. */
    public B program(String programClass) {
        this.program = programClass;
        return self();
    }

    /** Sets how gradients travel between ranks, by default through shared memory where that is possible. */
    public B transport(Transport transport) {
        this.transport = transport;
        return self();
    }

    /** Sets how long launching may take, by default two minutes. */
    public B startTimeout(Duration timeout) {
        this.startTimeout = timeout;
        return self();
    }

    /**
     * Sets how long a collective operation may go without any progress: by default five minutes, and ten seconds in an
     * elastic job, where the others then go on without the rank that did not come to it.
     */
    public B collectiveTimeout(Duration timeout) {
        this.collectiveTimeout = timeout;
        return self();
    }

    /**
     * Sets how long a worker may be silent before it counts as lost: by default one minute, three seconds in an elastic
     * job. A worker that trains is not silent; one that is stopped, or whose machine has gone, is.
     */
    public B heartbeatTimeout(Duration timeout) {
        this.heartbeatTimeout = timeout;
        return self();
    }

    /** Sets how long each run may take; by default as long as it likes. */
    public B runTimeout(Duration timeout) {
        this.runTimeout = timeout;
        return self();
    }

    /**
     * Sets how long workers have to end by themselves once the executor is closed, by default half a second: what their
     * shutdown hooks do has to be done by then.
     */
    public B leaveTimeout(Duration timeout) {
        this.leaveTimeout = timeout;
        return self();
    }

    /**
     * Sets a folder in which each job makes one of its own, with every worker's output and a summary of the job as text
     * and JSON; by default nothing is written.
     */
    public B logFolder(Path folder) {
        this.logFolder = folder;
        return self();
    }

    /** Sets who takes the workers' output and progress, by default standard output. */
    public B listener(JobListener listener) {
        this.listener = listener;
        return self();
    }

    /**
     * Checks the settings.
     *
     * @param usual the strategy, if none was given
     * @param elastic what an elastic job is given, or null
     * @throws IllegalArgumentException with what to do
     */
    final JobSettings settings(int bundles, int workersPerBundle, Strategy usual, @Nullable ElasticSettings elastic) {
        if ((long) bundles * workersPerBundle > Ring.MAX_SIZE) {
            throw new IllegalArgumentException(
                    "a ring has at most " + Ring.MAX_SIZE + " workers, not " + (long) bundles * workersPerBundle);
        }
        String resolved = Address.resolve(address, System.getenv());
        if (!nodes.isEmpty() && !resolved.equals(Address.LOCAL)) {
            throw new IllegalArgumentException("nodes are played on the local engine only, not at " + resolved);
        }
        if (!nodes.isEmpty() && elastic != null && elastic.discovery() != null) {
            throw new IllegalArgumentException("nodes and hostDiscovery both say where workers may be: give one");
        }
        if (!resolved.equals(Address.LOCAL) && elastic != null && elastic.discovery() != null) {
            throw new IllegalArgumentException("hostDiscovery is for the local engine: the cluster at " + resolved
                    + " says itself where workers may be");
        }
        ClassLoader loader = loader();
        if (program != null) {
            new ProgramFunction(program, List.of()).check(loader);
        }
        return new JobSettings(
                provider(resolved),
                resolved,
                nodes,
                bundles,
                workersPerBundle,
                new Resources(perWorker),
                strategy != null ? strategy : usual,
                List.copyOf(jars),
                List.copyOf(jvmArgs),
                loader,
                Map.copyOf(environment),
                transport,
                startTimeout(),
                positive("collectiveTimeout", collectiveTimeout),
                heartbeatTimeout(),
                runTimeout == null ? null : positive("runTimeout", runTimeout),
                positive("leaveTimeout", leaveTimeout),
                logFolder,
                elastic,
                listener);
    }

    static int positive(String name, @Nullable Integer number) {
        int given = number == null ? 1 : number;
        if (given < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, not " + given);
        }
        return given;
    }

    static Duration positive(String name, Duration timeout) {
        if (timeout.isZero() || timeout.isNegative()) {
            throw new IllegalArgumentException(name + " must be longer than 0, not " + timeout);
        }
        return timeout;
    }

    private static EngineProvider provider(String address) {
        return ServiceLoader.load(EngineProvider.class, RayExecutor.class.getClassLoader()).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.serves(address))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("address " + address
                        + ": nothing on the class path launches there; add kolo-ray, or use the address local"));
    }

    private ClassLoader loader() {
        jars.forEach(Jars::check);
        ClassLoader own = RayExecutor.class.getClassLoader();
        return jars.isEmpty()
                ? own
                : new URLClassLoader(jars.stream().map(LaunchBuilder::url).toArray(URL[]::new), own);
    }

    private static URL url(Path jar) {
        try {
            return jar.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
