package io.kolo.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kolo bench}: measures. */
@Command(
        name = "bench",
        description = "Measures on this machine or cluster.",
        mixinStandardHelpOptions = true,
        subcommands = {
            CollectiveBenchCommand.AllReduce.class,
            CollectiveBenchCommand.AllToAll.class,
            RecoveryBenchCommand.class,
            EvictionBenchCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  kolo bench allreduce --workers 2 --max 64M",
            "  kolo bench allreduce -n 2 --memory private",
            "  kolo bench alltoall -n 4",
            "  kolo bench recovery --workers 3 --kills 20",
            "  kolo bench evictions --busy 6 --for 30m"
        })
final class BenchCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "say what to measure: allreduce, alltoall, recovery, evictions");
    }
}
