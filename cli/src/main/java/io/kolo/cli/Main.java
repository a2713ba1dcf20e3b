package io.kolo.cli;

import io.kolo.executor.JobFailedException;
import io.kolo.executor.engine.PlacementException;
import io.kolo.ray.Launcher;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kolo}: the commands, and how their errors are shown. */
@Command(
        name = "kolo",
        description = "Elastic distributed training for the JVM.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            RunCommand.class,
            SubmitCommand.class,
            JobsCommand.class,
            BenchCommand.class,
            DrainCommand.class,
            ChaosCommand.class,
            HelpCommand.class,
            GenerateCompletion.class
        },
        footer = {
            "",
            "Examples:",
            "  kolo run digits --workers 2",
            "  kolo run --jar my.jar --class com.acme.Train --workers 4 -- --epochs 10",
            "  kolo submit --address http://10.0.0.1:8265 digits --workers 4",
            "  kolo bench allreduce --workers 2",
            "  source <(kolo generate-completion)",
        })
public final class Main implements Runnable {
    private static final Logger GRPC = Logger.getLogger("io.grpc");
    private static final int FAILED = 1;
    private static final int USAGE_ERROR = 2;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    private Main() {}

    /** Runs a command; exits with 0, 1 if it failed, 2 if it was asked for wrongly, 130 on Ctrl-C. */
    public static void main(String[] args) {
        GRPC.setLevel(Level.WARNING);
        Launcher.ofEnvironment().ifPresent(Launcher::endWithIt);
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler(new UsageErrors())
                .setExecutionExceptionHandler((e, command, parsed) -> report(e, command))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true);
    }

    private static int report(Exception e, CommandLine command) throws Exception {
        return switch (e) {
            case IllegalArgumentException wrong -> {
                command.getErr().println("kolo: " + wrong.getMessage());
                yield USAGE_ERROR;
            }
            case JobFailedException failed -> {
                JobErrors.print(failed, command.getErr());
                yield FAILED;
            }
            case CancellationException closed -> failed(closed, command);
            case PlacementException refused -> failed(refused, command);
            case UncheckedIOException io -> failed(io, command);
            case IllegalStateException late -> failed(late, command);
            default -> throw e;
        };
    }

    private static int failed(Exception e, CommandLine command) {
        command.getErr().println("kolo: " + e.getMessage());
        return FAILED;
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to do: "
                        + String.join(", ", List.copyOf(spec.subcommands().keySet())));
    }

    /** The version of the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"kolo " + (version == null ? "from sources" : version)};
        }
    }
}
