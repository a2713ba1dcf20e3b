package io.kolo.cli;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.JobListener;
import io.kolo.perf.RecoveryBenchmark;
import io.kolo.perf.RecoveryBenchmark.Change;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kolo bench recovery}. */
@Command(
        name = "recovery",
        description = "Kills workers of an elastic job, one after the other, and times how soon it goes on.",
        mixinStandardHelpOptions = true)
final class RecoveryBenchCommand implements Callable<Integer> {
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LEAST_WAIT_MS = 500;
    private static final long MOST_WAIT_MS = 1000;

    /** A worker's JVM takes a few seconds to come up on a busy machine. */
    private static final long STEPS_A_CHANGE = 400;

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
            names = "--drains",
            paramLabel = "N",
            defaultValue = "0",
            description = "How many workers are told to leave (default: ${DEFAULT-VALUE}).")
    private int drains;

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

    @Option(
            names = "--peers",
            description = "Beside it, in turn, Horovod elastic and torchrun, as far as perf/peers/install has brought"
                    + " them, with three workers. Takes only --kills, of each of five rounds, and --model.")
    private boolean peers;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    /** When a generation was decided, by its number. */
    private final NavigableMap<Integer, Long> decidedNs = new ConcurrentSkipListMap<>();

    /** When it was known that a worker is gone. */
    private final NavigableSet<Long> knownNs = new ConcurrentSkipListSet<>();

    /** When a worker's process was seen to be gone. */
    private final NavigableSet<Long> endedNs = new ConcurrentSkipListSet<>();

    private final NavigableSet<Long> killedNs = new ConcurrentSkipListSet<>();
    private final NavigableSet<Long> drainedNs = new ConcurrentSkipListSet<>();

    @Override
    public Integer call() throws IOException {
        if (peers) {
            PeersScript.run("recover", "--kills=" + kills, "--bytes=" + modelBytes);
            return 0;
        }
        if (workers < 2 || kills < 0 || drains < 0 || kills + drains == 0) {
            throw new IllegalArgumentException("give at least 2 workers, and 1 kill or drain");
        }
        Path notes = Files.createTempDirectory("kolo-recovery-");
        RecoveryBenchmark.Options options = new RecoveryBenchmark.Options(
                (kills + drains) * STEPS_A_CHANGE, step.toNanos(), modelBytes, notes.toString());
        try {
            measure(options);
            report(RecoveryBenchmark.changes(options));
            return 0;
        } finally {
            try (Stream<Path> files = Files.list(notes)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(notes);
        }
    }

    private void measure(RecoveryBenchmark.Options options) {
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(1)
                .maxWorkers(workers)
                .resetLimit(2 * (kills + drains))
                .cooldown(Duration.ofMillis(1))
                .listener(new Generations())
                .build()) {
            executor.start();
            Thread killer = Thread.ofPlatform().daemon().name("kolo-killer").start(() -> change(executor));
            var unused = executor.run(worker -> RecoveryBenchmark.run(worker, options));
            killer.interrupt();
        }
    }

    private final class Generations implements JobListener {
        @Override
        public void onGeneration(int generation, List<Integer> members, long after) {
            decidedNs.put(generation, System.nanoTime());
        }

        @Override
        public void onGone(int worker) {
            knownNs.add(System.nanoTime());
        }

        @Override
        public void onLost(int worker, String reason) {
            endedNs.add(System.nanoTime());
        }
    }

    /** Kills any worker, or drains it; and only when all are there, and have the state. */
    private void change(ElasticRayExecutor executor) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < kills + drains; i++) {
            while (executor.members().size() < workers) {
                LockSupport.parkNanos(POLL_NS);
                if (Thread.interrupted()) {
                    return;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextLong(LEAST_WAIT_MS, MOST_WAIT_MS)));
            List<Integer> members = executor.members();
            if (members.size() == workers) {
                int worker = members.get(random.nextInt(workers));
                if (i < kills) {
                    killedNs.add(System.nanoTime());
                    executor.kill(worker);
                } else {
                    drainedNs.add(System.nanoTime());
                    executor.drain(worker);
                }
                long number = decidedNs.lastKey();
                while (decidedNs.lastKey() == number && !Thread.interrupted()) {
                    LockSupport.parkNanos(POLL_NS);
                }
            }
        }
    }

    private void report(Collection<Change> changes) {
        Map<String, List<Double>> losses = new LinkedHashMap<>();
        Map<String, List<Double>> joins = new LinkedHashMap<>();
        Map<String, List<Double>> departures = new LinkedHashMap<>();
        for (Change change : changes) {
            long decided = decidedNs.getOrDefault(
                    change.after().ring().number(), change.before().endNs());
            Long drained = drainedNs.floor(change.after().endNs());
            if (!change.lost()) {
                addPause(joins, "the pause of those that are there when one joins", change, decided);
            } else if (drained != null) {
                addPause(departures, "the pause of those that stay when one leaves", change, decided);
            } else {
                addLoss(losses, change, decided);
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%n%-56s %5s %8s %8s %8s%n", "ms, less a step's own time", "n", "median", "p99", "max");
        losses.forEach(this::print);
        joins.forEach(this::print);
        departures.forEach(this::print);
        out.flush();
    }

    private void addLoss(Map<String, List<Double>> losses, Change change, long decidedNs) {
        Long killed = killedNs.floor(change.after().endNs());
        Long known = killed == null ? null : knownNs.ceiling(killed);
        if (killed != null && known != null) {
            add(losses, "kill -9 to the end of the next step", killed, change.endNs());
            add(losses, "  it is known", killed, known);
            Long ended = endedNs.ceiling(killed);
            if (ended != null) {
                add(losses, "  (and meanwhile its process is gone)", killed, ended);
            }
            add(losses, "  the others have frozen, and the next ring is decided", known, decidedNs);
            addForming(losses, change, decidedNs);
        }
    }

    private void addPause(Map<String, List<Double>> pauses, String what, Change change, long decidedNs) {
        long fromNs = change.before().endNs();
        add(pauses, what, fromNs, change.endNs());
        add(pauses, "  the next ring is decided", fromNs, decidedNs);
        addForming(pauses, change, decidedNs);
    }

    private void addForming(Map<String, List<Double>> phases, Change change, long decidedNs) {
        RecoveryBenchmark.Formed ring = change.after().ring();
        add(phases, "  the ring is formed", decidedNs, ring.formedNs());
        add(phases, "  the gradient has its place", ring.formedNs(), ring.placedNs());
        add(phases, "  the state is level", ring.placedNs(), ring.levelledNs());
        add(phases, "  the step, beyond what it takes by itself", ring.levelledNs(), change.endNs());
    }

    private static void add(Map<String, List<Double>> phases, String phase, long fromNs, long toNs) {
        phases.computeIfAbsent(phase, each -> new ArrayList<>()).add((toNs - fromNs) / 1e6);
    }

    private void print(String what, List<Double> milliseconds) {
        double[] sorted =
                milliseconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        if (sorted.length > 0) {
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%-56s %5d %8.1f %8.1f %8.1f%n",
                            what,
                            sorted.length,
                            sorted[sorted.length / 2],
                            sorted[(int) Math.ceil(0.99 * sorted.length) - 1],
                            Arrays.stream(sorted).max().orElseThrow());
        }
    }
}
