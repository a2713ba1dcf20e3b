package io.kolo.cli;

import io.kolo.executor.RayExecutor;
import io.kolo.perf.CollectiveBenchmark;
import io.kolo.perf.CollectiveBenchmark.Collective;
import io.kolo.perf.CollectiveBenchmark.Memory;
import io.kolo.perf.Report;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures a collective, by size. */
abstract class CollectiveBenchCommand implements Runnable {
    private final Collective collective;

    @Mixin
    private final LaunchOptions launch = new LaunchOptions();

    @Option(
            names = "--min",
            paramLabel = "BYTES",
            defaultValue = "1K",
            converter = Bytes.class,
            description = "The smallest buffer: 1K, 4M (default: ${DEFAULT-VALUE}).")
    private long minBytes;

    @Option(
            names = "--max",
            paramLabel = "BYTES",
            defaultValue = "64M",
            converter = Bytes.class,
            description = "The largest buffer (default: ${DEFAULT-VALUE}).")
    private long maxBytes;

    @Option(
            names = "--factor",
            paramLabel = "N",
            defaultValue = "4",
            description = "From one size to the next (default: ${DEFAULT-VALUE}).")
    private int factor;

    @Option(
            names = "--memory",
            paramLabel = "MEMORY",
            defaultValue = "SHARED",
            description = "Where the buffers are: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Memory memory = Memory.SHARED;

    @Option(names = "--csv", paramLabel = "FILE", description = "Where to write the figures as CSV, too.")
    private @Nullable Path csv;

    @Option(names = "--json", paramLabel = "FILE", description = "Where to write the figures as JSON, too.")
    private @Nullable Path json;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    CollectiveBenchCommand(Collective collective) {
        this.collective = collective;
    }

    /** {@code kolo bench allreduce}. */
    @Command(
            name = "allreduce",
            description = "Times of all-reduce operations by size, and their bandwidth as nccl-tests define it.",
            mixinStandardHelpOptions = true)
    static final class AllReduce extends CollectiveBenchCommand {
        @Option(
                names = "--peers",
                description =
                        "Beside it, in turn, Open MPI, gloo and Horovod, as far as perf/peers/install has brought them:"
                                + " prints a table of medians and ratios. Takes only --workers, --min, --max and"
                                + " --factor.")
        private boolean peers;

        AllReduce() {
            super(Collective.ALL_REDUCE);
        }

        @Override
        public void run() {
            if (peers) {
                comparePeers();
            } else {
                super.run();
            }
        }
    }

    /** {@code kolo bench alltoall}. */
    @Command(
            name = "alltoall",
            description = "Times of all-to-all operations by size, and their bandwidth as nccl-tests define it.",
            mixinStandardHelpOptions = true)
    static final class AllToAll extends CollectiveBenchCommand {
        AllToAll() {
            super(Collective.ALL_TO_ALL);
        }
    }

    final void comparePeers() {
        PeersScript.run(
                "compare",
                "--ranks=" + launch.workers(),
                "--min=" + minBytes,
                "--max=" + maxBytes,
                "--factor=" + factor);
    }

    @Override
    public void run() {
        CollectiveBenchmark.Options options =
                new CollectiveBenchmark.Options(collective, minBytes, maxBytes, factor, memory);
        try (ConsoleListener console = ConsoleListener.forThisTerminal("bench");
                RayExecutor executor = launch.builder().listener(console).build()) {
            executor.start();
            CollectiveBenchmark.Result result = executor.run(worker -> CollectiveBenchmark.run(worker, options))
                    .getFirst();
            spec.commandLine().getOut().print(Report.table(result));
            spec.commandLine().getOut().flush();
            write(csv, Report.csv(result));
            write(json, Report.json(result));
            long wrong = result.rows().stream()
                    .mapToLong(CollectiveBenchmark.Row::wrong)
                    .sum();
            if (wrong > 0) {
                throw new IllegalStateException(wrong + " elements are not what they should be");
            }
        }
    }

    private static void write(@Nullable Path file, String text) {
        if (file != null) {
            try {
                Files.writeString(file, text);
            } catch (IOException e) {
                throw new UncheckedIOException("no figures can be written to " + file + ": " + e, e);
            }
        }
    }
}
