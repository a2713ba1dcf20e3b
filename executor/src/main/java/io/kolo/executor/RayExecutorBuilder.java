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
 * Says what to launch: either {@link #workers}, each in a bundle of its own, or {@link #hosts} times
 * {@link #workersPerHost}, each host a bundle.
 */
public final class RayExecutorBuilder {
    private @Nullable Integer workers;
    private @Nullable Integer hosts;
    private @Nullable Integer workersPerHost;
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
    private Duration collectiveTimeout = Duration.ofMinutes(5);
    private Duration heartbeatTimeout = Duration.ofMinutes(1);
    private @Nullable Duration runTimeout;
    private Duration leaveTimeout = Duration.ofMillis(500);
    private @Nullable Path logFolder;
    private JobListener listener = new JobListener() {};

    RayExecutorBuilder() {}

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
     * Sets the CPUs of each worker, by default 1: what the cluster reckons with, and the threads for linear algebra.
     */
    public RayExecutorBuilder cpusPerWorker(double cpus) {
        return resourcePerWorker(Resources.CPU, cpus);
    }

    /** Sets the GPUs of each worker, by default 0. They are its alone: it sees no others. */
    public RayExecutorBuilder gpusPerWorker(int gpus) {
        return resourcePerWorker(Resources.GPU, gpus);
    }

    /** Sets how much of a resource, of any name that the cluster's nodes have, each worker needs. */
    public RayExecutorBuilder resourcePerWorker(String name, double amount) {
        perWorker.put(name, amount);
        return this;
    }

    /** Sets how bundles lie to each other; by default PACK for workers and STRICT_SPREAD for hosts. */
    public RayExecutorBuilder placementStrategy(Strategy strategy) {
        this.strategy = strategy;
        return this;
    }

    /**
     * Sets where to launch: {@code "local"} is worker JVMs on this machine, {@code "HOST:PORT"} a Ray cluster, and
     * {@code "auto"}, the default, the cluster of {@code RAY_ADDRESS} if that is set, else local.
     */
    public RayExecutorBuilder address(String address) {
        this.address = address;
        return this;
    }

    /**
     * Sets the nodes that the local engine plays, such as {@code "2x{cpu:4,gpu:2}"}: two nodes of 4 CPUs and 2 GPUs.
     *
     * @throws IllegalArgumentException if the text can't be read
     */
    public RayExecutorBuilder nodes(String nodes) {
        this.nodes = NodeSpecs.parse(nodes);
        return this;
    }

    /** Adds a jar, or a folder of classes, to the workers' class path, beside that of this JVM. */
    public RayExecutorBuilder jar(Path jar) {
        jars.add(jar);
        return this;
    }

    /** Adds an argument of the workers' JVMs, such as {@code "-Xmx4g"}. */
    public RayExecutorBuilder jvmArg(String arg) {
        jvmArgs.add(arg);
        return this;
    }

    /** Sets a variable in the workers' environment. */
    public RayExecutorBuilder environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Names a {@link TrainingProgram} that will be run, so that {@link #build} finds out if it can't. */
    public RayExecutorBuilder program(String programClass) {
        this.program = programClass;
        return this;
    }

    /** Sets how gradients travel between ranks, by default through shared memory where that is possible. */
    public RayExecutorBuilder transport(Transport transport) {
        this.transport = transport;
        return this;
    }

    /** Sets how long launching may take, by default two minutes. */
    public RayExecutorBuilder startTimeout(Duration timeout) {
        this.startTimeout = timeout;
        return this;
    }

    /**
     * Sets how long a collective operation may go without any progress, by default five minutes. A rank that does not
     * come to it within that time is named, with the line of its code that it is at.
     */
    public RayExecutorBuilder collectiveTimeout(Duration timeout) {
        this.collectiveTimeout = timeout;
        return this;
    }

    /**
     * Sets how long a worker may be silent before it counts as lost, by default one minute. A worker that trains is not
     * silent; one that is stopped, or whose machine has gone, is.
     */
    public RayExecutorBuilder heartbeatTimeout(Duration timeout) {
        this.heartbeatTimeout = timeout;
        return this;
    }

    /** Sets how long each run may take; by default as long as it likes. */
    public RayExecutorBuilder runTimeout(Duration timeout) {
        this.runTimeout = timeout;
        return this;
    }

    /**
     * Sets how long workers have to end by themselves once the executor is closed, by default half a second: what their
     * shutdown hooks do has to be done by then.
     */
    public RayExecutorBuilder leaveTimeout(Duration timeout) {
        this.leaveTimeout = timeout;
        return this;
    }

    /**
     * Sets a folder in which each job makes one of its own, with every worker's output and a summary of the job as text
     * and JSON; by default nothing is written.
     */
    public RayExecutorBuilder logFolder(Path folder) {
        this.logFolder = folder;
        return this;
    }

    /** Sets who takes the workers' output and progress, by default standard output. */
    public RayExecutorBuilder listener(JobListener listener) {
        this.listener = listener;
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
        if ((long) bundles * workersPerBundle > Ring.MAX_SIZE) {
            throw new IllegalArgumentException(
                    "a ring has at most " + Ring.MAX_SIZE + " workers, not " + (long) bundles * workersPerBundle);
        }
        String resolved = Address.resolve(address, System.getenv());
        if (!nodes.isEmpty() && !resolved.equals(Address.LOCAL)) {
            throw new IllegalArgumentException("nodes are played on the local engine only, not at " + resolved);
        }
        ClassLoader loader = loader();
        if (program != null) {
            new ProgramFunction(program, List.of()).check(loader);
        }
        return new RayExecutor(new JobSettings(
                provider(resolved),
                resolved,
                nodes,
                bundles,
                workersPerBundle,
                new Resources(perWorker),
                strategy != null ? strategy : byHost ? Strategy.STRICT_SPREAD : Strategy.PACK,
                List.copyOf(jars),
                List.copyOf(jvmArgs),
                loader,
                Map.copyOf(environment),
                transport,
                positive("startTimeout", startTimeout),
                positive("collectiveTimeout", collectiveTimeout),
                positive("heartbeatTimeout", heartbeatTimeout),
                runTimeout == null ? null : positive("runTimeout", runTimeout),
                positive("leaveTimeout", leaveTimeout),
                logFolder,
                listener));
    }

    private static int positive(String name, @Nullable Integer number) {
        int given = number == null ? 1 : number;
        if (given < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, not " + given);
        }
        return given;
    }

    private static Duration positive(String name, Duration timeout) {
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
                        + ": this version launches on this machine only; use the address local, or unset RAY_ADDRESS"));
    }

    private ClassLoader loader() {
        jars.forEach(Jars::check);
        ClassLoader own = RayExecutor.class.getClassLoader();
        return jars.isEmpty()
                ? own
                : new URLClassLoader(jars.stream().map(RayExecutorBuilder::url).toArray(URL[]::new), own);
    }

    private static URL url(Path jar) {
        try {
            return jar.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
