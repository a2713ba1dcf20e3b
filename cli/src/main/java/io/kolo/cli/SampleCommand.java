package io.kolo.cli;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.TrainingFunction;
import io.kolo.samples.SampleOptions;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What the samples have in common on the command line. */
@Command(mixinStandardHelpOptions = true)
abstract class SampleCommand implements Runnable {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private RunCommand parent;

    @Option(names = "--epochs", paramLabel = "N", description = "How often each image is seen (default: 20; mnist 5).")
    private @Nullable Integer epochs;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "64",
            description = "Samples of all workers in a step (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            defaultValue = "1",
            description = "Seed of the network's start and the images' order (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    abstract int defaultEpochs();

    /** The sample as a function; it must capture the options alone. */
    abstract TrainingFunction<Double> function(SampleOptions options);

    @Override
    public void run() {
        SampleOptions options = new SampleOptions(epochs == null ? defaultEpochs() : epochs, batchSize, seed);
        TrainingFunction<Double> function = function(options);
        LaunchOptions launch = parent.forSample(spec.commandLine());
        try (ConsoleListener console = ConsoleListener.forThisTerminal(spec.name());
                RayExecutor executor = launch.builder().listener(console).build()) {
            executor.start();
            double accuracy = executor.run(function).getFirst();
            console.finish();
            spec.commandLine().getOut().printf(Locale.ROOT, "accuracy %.3f%n", accuracy);
        }
    }
}
