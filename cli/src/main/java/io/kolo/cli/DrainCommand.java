package io.kolo.cli;

import io.kolo.executor.local.JobFolder;
import io.kolo.executor.local.JobRequests;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Has workers of a running job leave. */
@Command(
        name = "drain",
        description = {
            "Has a worker of a running elastic job leave between two steps, and waits until it has.",
            "Nothing is computed again, and another one takes its place.",
            "With --node: all workers of a node; nobody takes their places there."
        },
        mixinStandardHelpOptions = true)
final class DrainCommand implements Runnable {
    @Parameters(arity = "0..1", paramLabel = "WORKER", description = "The worker's number, as the job's output has it.")
    private @Nullable Integer worker;

    @Option(names = "--node", paramLabel = "NODE", description = "The name of a node.")
    private @Nullable String node;

    @Option(
            names = "--job",
            paramLabel = "PID",
            description = "The process id of the job's driver; may be left out where only one job runs.")
    private @Nullable Long job;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "1m",
            converter = Durations.class,
            description = "How long to wait (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofMinutes(1);

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        if ((worker == null) == (node == null)) {
            throw new ParameterException(spec.commandLine(), "say who is to leave: a worker's number, or --node NODE");
        }
        String who = node == null ? "worker " + worker : "node " + node;
        spec.commandLine().getOut().println(new JobRequests(folder()).ask(who, timeout));
        spec.commandLine().getOut().flush();
    }

    private Path folder() {
        Map<Long, Path> running = JobFolder.running();
        if (running.isEmpty()) {
            throw new IllegalStateException("no job of yours runs on this machine");
        }
        Long asked =
                job == null && running.size() == 1 ? running.keySet().iterator().next() : job;
        Path folder = asked == null ? null : running.get(asked);
        if (folder == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "say which job, by --job and the process id of its driver: " + running.keySet());
        }
        return folder;
    }
}
