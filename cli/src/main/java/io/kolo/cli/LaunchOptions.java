package io.kolo.cli;

import io.kolo.executor.RayExecutor;
import picocli.CommandLine.Option;

/** What every job can be given. */
final class LaunchOptions {
    @Option(
            names = {"-n", "--workers"},
            paramLabel = "N",
            defaultValue = "1",
            description = "Number of workers (default: ${DEFAULT-VALUE}).")
    private int workers;

    @Option(
            names = "--address",
            paramLabel = "ADDRESS",
            defaultValue = "auto",
            description =
                    "local: worker JVMs on this machine; HOST:PORT: a Ray cluster; auto: RAY_ADDRESS if it is set,"
                            + " else local (default: ${DEFAULT-VALUE}).")
    private String address = "auto";

    RayExecutor.Builder builder() {
        return RayExecutor.builder().workers(workers).address(address);
    }
}
