package io.kolo.cli;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.LaunchBuilder;
import io.kolo.executor.RayExecutor;
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
import picocli.CommandLine.ParseResult;
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
        String program = program();
        try (ConsoleListener console = ConsoleListener.forThisTerminal(program)) {
            String result = launch.isElastic() ? elastic(program, console) : fixed(program, console);
            console.finish();
            if (!result.isEmpty()) {
                spec.commandLine().getOut().println("result " + result);
            }
        }
    }

    private String program() {
        if (programClass == null) {
            throw args.isEmpty()
                    ? new ParameterException(
                            spec.commandLine(), "say what to run: digits, mnist, or a program with --class")
                    : new UnmatchedArgumentException(spec.commandLine(), List.of(args.getFirst()));
        }
        return programClass;
    }

    private String fixed(String program, ConsoleListener console) {
        try (RayExecutor executor = with(launch.builder(), program, console).build()) {
            executor.start();
            return text(executor.run(program, args));
        }
    }

    private String elastic(String program, ConsoleListener console) {
        try (ElasticRayExecutor executor =
                with(launch.elasticBuilder(), program, console).build()) {
            executor.start();
            return text(executor.run(program, args));
        }
    }

    private <B extends LaunchBuilder<B>> B with(B builder, String program, ConsoleListener console) {
        jars.forEach(builder::jar);
        return builder.program(program).listener(console);
    }

    /** Returns rank 0's result as text, made while its class's loader is still open; empty if there is none. */
    private static String text(List<@Nullable Object> results) {
        Object result = results.getFirst();
        return result == null ? "" : String.valueOf(result);
    }

    /**
     * Checks that a command line says what to run.
     *
     * @param args what may be given to {@code kolo run}
     * @return the jars and folders that it names
     * @throws ParameterException if it can't be understood
     */
    static List<Path> check(List<String> args) {
        List<String> command = new ArrayList<>(List.of("run"));
        command.addAll(args);
        ParseResult parsed =
                Main.commandLine().parseArgs(command.toArray(String[]::new)).subcommand();
        RunCommand run = (RunCommand) parsed.commandSpec().userObject();
        if (!run.launch.isElastic()) {
            var unused = run.launch.builder();
        }
        if (parsed.hasSubcommand()) {
            var unused = run.forSample(parsed.subcommand().commandSpec().commandLine());
        } else {
            var unused = run.program();
        }
        return run.jars;
    }

    /** Returns what a sample is launched with; it has a program already. */
    LaunchOptions forSample(CommandLine sample) {
        if (programClass != null || !jars.isEmpty() || !args.isEmpty()) {
            throw new ParameterException(sample, "a sample takes no --class, --jar or arguments");
        }
        return launch;
    }
}
