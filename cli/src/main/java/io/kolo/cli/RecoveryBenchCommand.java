package io.kolo.cli;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobListener;
import io.kolo.perf.RecoveryBenchmark;
import io.kolo.perf.RecoveryBenchmark.Change;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kolo bench recovery}. */
@Command(
        name = "recovery",
        description = "Kills workers of an elastic job, one after the other, and times how soon it goes on.",
        mixinStandardHelpOptions = true)
final class RecoveryBenchCommand implements Runnable {
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LEAST_WAIT_MS = 500;
    private static final long MOST_WAIT_MS = 1000;

    /** A worker's JVM takes a few seconds to come up on a busy machine. */
    private static final long STEPS_A_KILL = 300;

    @Option(
            names = {"-n", "--workers"},
            paramLabel = "N",
            defaultValue = "3",
            description = "(default: ${DEFAULT-VALUE}).")
    private int workers;

    @Option(
            names = "--kills",
            paramLabel = "N",
            defaultValue = "20",
            description = "How many workers are killed (default: ${DEFAULT-VALUE}).")
    private int kills;

    @Option(
            names = "--step",
            paramLabel = "TIME",
            defaultValue = "20ms",
            converter = Durations.class,
            description = "What a step takes without its exchange (default: ${DEFAULT-VALUE}).")
    private Duration step = Duration.ZERO;

    @Option(
            names = "--model",
            paramLabel = "BYTES",
            defaultValue = "1M",
            converter = Bytes.class,
            description = "The model's size (default: ${DEFAULT-VALUE}).")
    private long modelBytes;

    @Option(names = "--seed", paramLabel = "SEED", defaultValue = "1", description = "(default: ${DEFAULT-VALUE}).")
    private long seed;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    /** When a generation was decided, by its number. */
    private final NavigableMap<Integer, Long> decidedNs = new ConcurrentSkipListMap<>();

    private final List<Long> killedNs = new ArrayList<>();

    @Override
    public void run() {
        if (workers < 2 || kills < 1) {
            throw new IllegalArgumentException("give at least 2 workers, and 1 kill");
        }
        RecoveryBenchmark.Options options =
                new RecoveryBenchmark.Options(kills * STEPS_A_KILL, step.toNanos(), modelBytes);
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(1)
                .maxWorkers(workers)
                .resetLimit(2 * kills)
                .cooldown(Duration.ofMillis(1))
                .listener(new Generations())
                .build()) {
            executor.start();
            Thread killer = Thread.ofPlatform().daemon().name("kolo-killer").start(() -> kill(executor));
            List<RecoveryBenchmark.Step> steps = executor.run(worker -> RecoveryBenchmark.run(worker, options))
                    .getFirst();
            killer.interrupt();
            report(RecoveryBenchmark.changes(steps));
        }
    }

    private final class Generations implements JobListener {
        @Override
        public void onGeneration(int generation, List<Integer> members, long after) {
            decidedNs.put(generation, System.nanoTime());
        }

        @Override
        public void onLost(int worker, String reason) {}
    }

    /** Kills any worker but that of rank 0, which notes the steps; and only when all are there. */
    private void kill(ElasticRayExecutor executor) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < kills; i++) {
            while (executor.members().size() < workers) {
                LockSupport.parkNanos(POLL_NS);
                if (Thread.interrupted()) {
                    return;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextLong(LEAST_WAIT_MS, MOST_WAIT_MS)));
            List<Integer> members = executor.members();
            if (members.size() == workers) {
                killedNs.add(System.nanoTime());
                executor.kill(members.get(random.nextInt(1, workers)));
                long number = decidedNs.lastKey();
                while (decidedNs.lastKey() == number && !Thread.interrupted()) {
                    LockSupport.parkNanos(POLL_NS);
                }
            }
        }
    }

    private void report(List<Change> changes) {
        List<Double> recoveries = new ArrayList<>();
        List<Double> decisions = new ArrayList<>();
        List<Double> joins = new ArrayList<>();
        for (Change change : changes) {
            if (change.lost()) {
                killedNs.stream()
                        .filter(killed -> killed < change.afterNs())
                        .reduce((a, b) -> b)
                        .ifPresent(killed -> {
                            recoveries.add((change.afterNs() - killed - step.toNanos()) / 1e6);
                            decisions.add((decidedNs.getOrDefault(change.generation(), killed) - killed) / 1e6);
                        });
            } else {
                joins.add((change.afterNs() - change.beforeNs() - step.toNanos()) / 1e6);
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%n%-52s %5s %8s %8s %8s%n", "ms, less a step's own time", "n", "median", "p99", "max");
        print("kill -9 to the end of the next step", recoveries);
        print("  of these, kill -9 to the decision", decisions);
        print("pause of those that are there when one joins", joins);
        out.flush();
    }

    private void print(String what, List<Double> milliseconds) {
        double[] sorted =
                milliseconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        if (sorted.length > 0) {
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%-52s %5d %8.1f %8.1f %8.1f%n",
                            what,
                            sorted.length,
                            sorted[sorted.length / 2],
                            sorted[(int) Math.ceil(0.99 * sorted.length) - 1],
                            Arrays.stream(sorted).max().orElseThrow());
        }
    }
}
