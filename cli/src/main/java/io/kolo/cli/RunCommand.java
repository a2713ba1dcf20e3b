package io.kolo.cli;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code kolo run}: trains a sample, or the user's own program. */
@Command(
        name = "run",
        description = "Trains on several workers: a sample, or a class of your own.",
        mixinStandardHelpOptions = true,
        subcommands = {DigitsCommand.class, MnistCommand.class},
        footer = {
            "",
            "Examples:",
            "  kolo run digits --workers 2",
            "  kolo run mnist --workers 2 --epochs 3",
            "  kolo run --jar my.jar --class com.acme.Train --workers 4 -- --epochs 10",
            "",
            "A class of your own implements io.kolo.executor.TrainingProgram. What comes after -- is given to it.",
        })
final class RunCommand implements Runnable {
    @Mixin
    private final LaunchOptions launch = new LaunchOptions();

    @Option(
            names = "--jar",
            paramLabel = "JAR",
            description = "A jar, or a folder of classes, with your program; may be repeated.")
    private List<Path> jars = new ArrayList<>();

    @Option(names = "--class", paramLabel = "CLASS", description = "Your program: its class's full name.")
    private @Nullable String programClass;

    @Parameters(paramLabel = "ARGS", description = "Arguments of your program, after --.")
    private List<String> args = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        if (programClass == null) {
            throw args.isEmpty()
                    ? new ParameterException(
                            spec.commandLine(), "say what to run: digits, mnist, or a program with --class")
                    : new UnmatchedArgumentException(spec.commandLine(), List.of(args.getFirst()));
        }
        try (ConsoleListener console = ConsoleListener.forThisTerminal(programClass)) {
            RayExecutorBuilder builder = launch.builder().program(programClass).listener(console);
            jars.forEach(builder::jar);
            String result = execute(builder, programClass);
            console.finish();
            if (result != null) {
                spec.commandLine().getOut().println("result " + result);
            }
        }
    }

    /** Returns rank 0's result as text, made while its class's loader is still open. */
    private @Nullable String execute(RayExecutorBuilder builder, String program) {
        try (RayExecutor executor = builder.build()) {
            executor.start();
            Object result = executor.run(program, args).getFirst();
            return result == null ? null : String.valueOf(result);
        }
    }

    /** Returns what a sample is launched with; it has a program already. */
    LaunchOptions forSample(CommandLine sample) {
        if (programClass != null || !jars.isEmpty() || !args.isEmpty()) {
            throw new ParameterException(sample, "a sample takes no --class, --jar or arguments");
        }
        return launch;
    }
}
