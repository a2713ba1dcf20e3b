package io.kolo.cli;

import io.kolo.executor.Cloud;
import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.ElasticRayExecutorBuilder;
import io.kolo.executor.HostDiscovery;
import io.kolo.executor.LaunchBuilder;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.Transport;
import io.kolo.executor.engine.Strategy;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** What every job can be given, before or behind the name of a sample. */
final class LaunchOptions {
    @Option(
            names = {"-n", "--workers"},
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "Number of workers (default: 1).")
    private @Nullable Integer workers;

    @Option(
            names = "--min-workers",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "Workers may come and go; with fewer than this the training waits (default: 1).")
    private @Nullable Integer minWorkers;

    @Option(
            names = "--max-workers",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "Workers may come and go; so many are launched, and replaced when they are lost.")
    private @Nullable Integer maxWorkers;

    @Option(
            names = "--spares",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description =
                    "Workers beyond --max-workers that wait, and take the place of one that is lost (default: 0).")
    private @Nullable Integer spares;

    @Option(
            names = "--host-discovery-script",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            description =
                    "A program that writes which hosts may be used now, a line host:slots each; asked once a second.")
    private @Nullable Path hostDiscoveryScript;

    @Option(
            names = "--elastic-timeout",
            scope = ScopeType.INHERIT,
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long the training waits for enough workers (default: 10m).")
    private @Nullable Duration elasticTimeout;

    @Option(
            names = "--reset-limit",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "How often the ring may lose a worker before the run fails (default: 100).")
    private @Nullable Integer resetLimit;

    @Option(
            names = "--cooldown",
            scope = ScopeType.INHERIT,
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long a place that has lost two workers gets no other, then twice as long, and so on"
                    + " (default: 1s).")
    private @Nullable Duration cooldown;

    @Option(
            names = "--spot-notices",
            scope = ScopeType.INHERIT,
            paramLabel = "CLOUD[@URL]",
            description =
                    "Workers ask this cloud whether their machine is to be taken away, and leave before it is: aws,"
                            + " gcp or azure; at its metadata service, or at URL (default: nobody asks).")
    private @Nullable String spotNotices;

    @Option(
            names = "--hosts",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "Number of hosts, each with --workers-per-host.")
    private @Nullable Integer hosts;

    @Option(
            names = "--workers-per-host",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "Workers on each of --hosts.")
    private @Nullable Integer workersPerHost;

    @Option(
            names = "--cpus-per-worker",
            scope = ScopeType.INHERIT,
            paramLabel = "CPUS",
            defaultValue = "1",
            description = "CPUs of each worker, and its threads for linear algebra (default: ${DEFAULT-VALUE}).")
    private double cpusPerWorker;

    @Option(
            names = "--gpus-per-worker",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            defaultValue = "0",
            description = "GPUs of each worker, its alone (default: ${DEFAULT-VALUE}).")
    private int gpusPerWorker;

    @Option(
            names = "--resource",
            scope = ScopeType.INHERIT,
            paramLabel = "NAME=AMOUNT",
            description = "Any other resource that each worker needs; may be repeated.")
    private Map<String, Double> resources = new LinkedHashMap<>();

    @Option(
            names = "--strategy",
            scope = ScopeType.INHERIT,
            paramLabel = "STRATEGY",
            description = "How workers lie on nodes: ${COMPLETION-CANDIDATES} (default: PACK; STRICT_SPREAD by hosts).")
    private @Nullable Strategy strategy;

    @Option(
            names = "--env",
            scope = ScopeType.INHERIT,
            paramLabel = "NAME=VALUE",
            description = "A variable in the workers' environment; may be repeated.")
    private Map<String, String> environment = new LinkedHashMap<>();

    @Option(
            names = "--address",
            scope = ScopeType.INHERIT,
            paramLabel = "ADDRESS",
            defaultValue = "auto",
            description =
                    "local: worker JVMs on this machine; HOST:PORT: a Ray cluster; auto: RAY_ADDRESS if it is set,"
                            + " else local (default: ${DEFAULT-VALUE}).")
    private String address = "auto";

    @Option(
            names = "--nodes",
            scope = ScopeType.INHERIT,
            paramLabel = "NODES",
            description = "Nodes for the local engine to play: 2x{cpu:4,gpu:2} (default: this machine).")
    private @Nullable String nodes;

    @Option(
            names = "--transport",
            scope = ScopeType.INHERIT,
            paramLabel = "TRANSPORT",
            description = "How gradients travel: ${COMPLETION-CANDIDATES} (default: AUTO).")
    private @Nullable Transport transport;

    @Option(
            names = "--jvm-arg",
            scope = ScopeType.INHERIT,
            paramLabel = "ARG",
            description = "An argument of the workers' JVMs, as in --jvm-arg=-Xmx4g; may be repeated.")
    private List<String> jvmArgs = new ArrayList<>();

    @Option(
            names = "--leave-timeout",
            scope = ScopeType.INHERIT,
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long workers have to end by themselves at the end (default: 500ms).")
    private @Nullable Duration leaveTimeout;

    @Option(
            names = "--start-timeout",
            scope = ScopeType.INHERIT,
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long launching may take: 90s, 5m (default: 2m).")
    private @Nullable Duration startTimeout;

    @Option(
            names = "--run-timeout",
            scope = ScopeType.INHERIT,
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long the run may take (default: as long as it likes).")
    private @Nullable Duration runTimeout;

    @Option(
            names = "--collective-timeout",
            scope = ScopeType.INHERIT,
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long a rank may keep the others waiting in a collective (default: 5m;"
                    + " 10s where workers come and go).")
    private @Nullable Duration collectiveTimeout;

    @Option(
            names = "--heartbeat-timeout",
            scope = ScopeType.INHERIT,
            paramLabel = "TIME",
            converter = Durations.class,
            description = "How long a worker may be silent before it counts as lost (default: 1m;"
                    + " 3s where workers come and go).")
    private @Nullable Duration heartbeatTimeout;

    @Option(
            names = "--log-folder",
            scope = ScopeType.INHERIT,
            paramLabel = "FOLDER",
            description = "Where each job makes a folder with the workers' output and a summary (default: none).")
    private @Nullable Path logFolder;

    /** Returns whether workers may come and go. */
    boolean isElastic() {
        return minWorkers != null || maxWorkers != null;
    }

    /**
     * Returns a builder for workers that come and go.
     *
     * @throws IllegalArgumentException if options are given that only fixed workers have
     */
    ElasticRayExecutorBuilder elasticBuilder() {
        if (workers != null || hosts != null || workersPerHost != null) {
            throw new IllegalArgumentException(
                    "--min-workers and --max-workers are instead of --workers, --hosts and --workers-per-host");
        }
        ElasticRayExecutorBuilder builder = common(ElasticRayExecutor.builder());
        given(elasticTimeout, builder::elasticTimeout);
        given(resetLimit, builder::resetLimit);
        given(cooldown, builder::cooldown);
        given(spares, builder::spares);
        given(hostDiscoveryScript, script -> builder.hostDiscovery(HostDiscovery.script(script)));
        given(spotNotices, setting -> spotNotices(setting, builder));
        return builder.minWorkers(minWorkers()).maxWorkers(maxWorkers == null ? minWorkers() : maxWorkers);
    }

    private static void spotNotices(String setting, ElasticRayExecutorBuilder builder) {
        String[] parts = setting.split("@", 2);
        try {
            Cloud cloud = Cloud.valueOf(parts[0].toUpperCase(Locale.ROOT));
            URI metadata = parts.length == 1 ? cloud.metadata() : URI.create(parts[1]);
            builder.spotNotices(cloud, metadata);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "--spot-notices is " + setting + ": give aws, gcp or azure, or such as aws@http://localhost:1338",
                    e);
        }
    }

    /** Returns the least number of workers. */
    int minWorkers() {
        return minWorkers == null ? 1 : minWorkers;
    }

    /** Returns how many workers were asked for. */
    int workers() {
        return workers == null ? 1 : workers;
    }

    RayExecutorBuilder builder() {
        if (Stream.of(elasticTimeout, resetLimit, cooldown, spotNotices, spares, hostDiscoveryScript)
                .anyMatch(Objects::nonNull)) {
            throw new IllegalArgumentException("--elastic-timeout, --reset-limit, --cooldown, --spot-notices, --spares"
                    + " and --host-discovery-script need --min-workers or --max-workers");
        }
        RayExecutorBuilder builder = common(RayExecutor.builder());
        given(workers, builder::workers);
        given(hosts, builder::hosts);
        given(workersPerHost, builder::workersPerHost);
        return builder;
    }

    private <B extends LaunchBuilder<B>> B common(B builder) {
        builder.cpusPerWorker(cpusPerWorker).gpusPerWorker(gpusPerWorker).address(address);
        resources.forEach(builder::resourcePerWorker);
        environment.forEach(builder::environment);
        jvmArgs.forEach(builder::jvmArg);
        given(strategy, builder::placementStrategy);
        given(nodes, builder::nodes);
        given(startTimeout, builder::startTimeout);
        given(runTimeout, builder::runTimeout);
        given(collectiveTimeout, builder::collectiveTimeout);
        given(heartbeatTimeout, builder::heartbeatTimeout);
        given(transport, builder::transport);
        given(leaveTimeout, builder::leaveTimeout);
        given(logFolder, builder::logFolder);
        return builder;
    }

    private static <T> void given(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }
}
