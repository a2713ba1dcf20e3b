package io.kolo.cli;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.TrainingFunction;
import io.kolo.samples.SampleOptions;
import io.kolo.samples.Trained;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What the samples have in common on the command line. */
@Command(mixinStandardHelpOptions = true)
abstract class SampleCommand implements Runnable {
    private static final long CHAOS_PERIOD_S = 4;
    private static final int CHAOS_TAKES_TIMES = 5;
    private static final int NOBODY = -1;

    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private RunCommand parent;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "How often each image is seen (default: 20; mnist 5; five times as often with --chaos).")
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

    @Option(
            names = "--chaos",
            description = "Every few seconds a worker is killed, or has to leave; needs --min-workers, --max-workers.")
    private boolean chaos;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    /** The worker that chaos has struck last. */
    private int struck = NOBODY;

    /** How far the training was then. */
    private long struckAt;

    abstract int defaultEpochs();

    /** The sample as a function; it must capture the options alone. */
    abstract TrainingFunction<Trained> function(SampleOptions options);

    @Override
    public void run() {
        int usual = chaos ? CHAOS_TAKES_TIMES * defaultEpochs() : defaultEpochs(); // or it is over before it has begun
        SampleOptions options = new SampleOptions(epochs == null ? usual : epochs, batchSize, seed);
        TrainingFunction<Trained> function = function(options);
        LaunchOptions launch = parent.forSample(spec.commandLine());
        if (chaos && !launch.isElastic()) {
            throw new ParameterException(spec.commandLine(), "--chaos needs --min-workers and --max-workers");
        }
        try (ConsoleListener console = ConsoleListener.forThisTerminal(spec.name())) {
            Trained trained = launch.isElastic()
                    ? elastic(launch, console, function)
                    : fixed(launch.builder().listener(console), function);
            console.finish();
            spec.commandLine()
                    .getOut()
                    .printf(Locale.ROOT, "parameters %s%naccuracy %.3f%n", trained.parameters(), trained.accuracy());
        }
    }

    private static Trained fixed(RayExecutorBuilder builder, TrainingFunction<Trained> function) {
        try (RayExecutor executor = builder.build()) {
            executor.start();
            return executor.run(function).getFirst();
        }
    }

    private Trained elastic(LaunchOptions launch, ConsoleListener console, TrainingFunction<Trained> function) {
        try (ElasticRayExecutor executor =
                launch.elasticBuilder().listener(console).build()) {
            executor.start();
            try (ScheduledExecutorService killer = Executors.newSingleThreadScheduledExecutor()) {
                if (chaos) {
                    Random random = new Random(seed);
                    var unused = killer.scheduleWithFixedDelay(
                            () -> strike(executor, launch.minWorkers(), console.done(), random),
                            CHAOS_PERIOD_S,
                            CHAOS_PERIOD_S,
                            TimeUnit.SECONDS);
                }
                Trained trained = executor.run(function).getFirst();
                killer.shutdownNow();
                return trained;
            }
        }
    }

    /**
     * Kills a worker, or has it leave, unless there are too few to spare one, or the last one that was struck is not
     * missed yet; now and then kills the coordinator. Waits until the training has gone on since the last time.
     */
    private void strike(ElasticRayExecutor executor, int least, long done, Random random) {
        if (done == struckAt) {
            return;
        }
        struckAt = done;
        List<Integer> workers = executor.members();
        if (random.nextInt(5) == 0) {
            System.out.println("chaos: kill -9 the coordinator");
            executor.killCoordinator();
        } else if (workers.size() > least && !workers.contains(struck)) {
            int worker = workers.get(random.nextInt(workers.size()));
            struck = worker;
            if (random.nextInt(3) == 0) {
                System.out.println("chaos: drain worker " + worker);
                executor.drain(worker);
            } else {
                System.out.println("chaos: kill -9 worker " + worker);
                executor.kill(worker);
            }
        }
    }
}
