package io.kolo.cli;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.engine.Strategy;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every job can be given. */
final class LaunchOptions {
    @Option(
            names = {"-n", "--workers"},
            paramLabel = "N",
            description = "Number of workers (default: 1).")
    private @Nullable Integer workers;

    @Option(names = "--hosts", paramLabel = "N", description = "Number of hosts, each with --workers-per-host.")
    private @Nullable Integer hosts;

    @Option(names = "--workers-per-host", paramLabel = "N", description = "Workers on each of --hosts.")
    private @Nullable Integer workersPerHost;

    @Option(
            names = "--cpus-per-worker",
            paramLabel = "CPUS",
            defaultValue = "1",
            description = "CPUs of each worker, and its threads for linear algebra (default: ${DEFAULT-VALUE}).")
    private double cpusPerWorker;

    @Option(
            names = "--gpus-per-worker",
            paramLabel = "N",
            defaultValue = "0",
            description = "GPUs of each worker, its alone (default: ${DEFAULT-VALUE}).")
    private int gpusPerWorker;

    @Option(
            names = "--resource",
            paramLabel = "NAME=AMOUNT",
            description = "Any other resource that each worker needs; may be repeated.")
    private Map<String, Double> resources = new LinkedHashMap<>();

    @Option(
            names = "--strategy",
            paramLabel = "STRATEGY",
            description = "How workers lie on nodes: ${COMPLETION-CANDIDATES} (default: PACK; STRICT_SPREAD by hosts).")
    private @Nullable Strategy strategy;

    @Option(
            names = "--env",
            paramLabel = "NAME=VALUE",
            description = "A variable in the workers' environment; may be repeated.")
    private Map<String, String> environment = new LinkedHashMap<>();

    @Option(
            names = "--address",
            paramLabel = "ADDRESS",
            defaultValue = "auto",
            description =
                    "local: worker JVMs on this machine; HOST:PORT: a Ray cluster; auto: RAY_ADDRESS if it is set,"
                            + " else local (default: ${DEFAULT-VALUE}).")
    private String address = "auto";

    @Option(
            names = "--nodes",
            paramLabel = "NODES",
            description = "Nodes for the local engine to play: 2x{cpu:4,gpu:2} (default: this machine).")
    private @Nullable String nodes;

    RayExecutorBuilder builder() {
        RayExecutorBuilder builder = RayExecutor.builder()
                .cpusPerWorker(cpusPerWorker)
                .gpusPerWorker(gpusPerWorker)
                .address(address);
        resources.forEach(builder::resourcePerWorker);
        environment.forEach(builder::environment);
        if (workers != null) {
            builder.workers(workers);
        }
        if (hosts != null) {
            builder.hosts(hosts);
        }
        if (workersPerHost != null) {
            builder.workersPerHost(workersPerHost);
        }
        if (strategy != null) {
            builder.placementStrategy(strategy);
        }
        if (nodes != null) {
            builder.nodes(nodes);
        }
        return builder;
    }
}
