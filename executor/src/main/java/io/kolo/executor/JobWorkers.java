package io.kolo.executor;

import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.Placed;
import io.kolo.executor.engine.Running;
import io.kolo.executor.engine.WorkerHandle;
import io.kolo.executor.engine.WorkerSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The worker processes of a job: launched, listened to, and named in messages by rank, node and process. */
final class JobWorkers implements RunOutcome.Names {
    private static final String WORKER_MAIN = "io.kolo.executor.worker.WorkerMain";
    private static final String COORDINATOR_MAIN = "io.kolo.executor.coordinator.CoordinatorMain";

    /** It has little to do, and should do it at once. */
    private static final List<String> COORDINATOR_FLAGS =
            List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private static final String WORKER = "worker-";
    private static final String COORDINATOR = "coordinator";
    private static final String DRIVER_NODE = "localhost";

    /** As a shell has it. */
    private static final int NOT_STARTED = 127;

    private static final int SIGNALS = 128;
    private static final int MAX_SIGNAL = 64;

    private record Launched(WorkerSpec spec, WorkerHandle handle) {}

    private final JobSettings settings;
    private final Engine engine;
    private final SerialListener listener;
    private final @Nullable JobLogs logs;
    private final Map<Integer, Launched> launched = new ConcurrentSkipListMap<>();
    private Function<Slot, Map<String, String>> environment = slot -> Map.of();
    private Consumer<WorkerEvent> events = event -> {};

    JobWorkers(JobSettings settings, Engine engine, SerialListener listener, @Nullable JobLogs logs) {
        this.settings = settings;
        this.engine = engine;
        this.listener = listener;
        this.logs = logs;
    }

    /**
     * Connects them with the job, before the first is launched.
     *
     * @param environment what the worker of a slot is told, given its place
     * @param events takes how they end
     */
    void connect(Function<Slot, Map<String, String>> environment, Consumer<WorkerEvent> events) {
        this.environment = environment;
        this.events = events;
    }

    /**
     * Finds room for them.
     *
     * @param least with fewer bundles the job cannot begin
     */
    List<Placed> reserve(int least) {
        return engine.reserve(
                settings.bundle(),
                least,
                settings.bundles(),
                settings.strategy(),
                settings.elastic() == null,
                settings.startTimeout());
    }

    /** Returns where they may be now, among the bundles that were reserved. */
    List<Placed> room() {
        return engine.room();
    }

    /** Launches them all in bundles. */
    void launchAll() {
        List<Placed> bundles = reserve(settings.bundles());
        for (int slot = 0; slot < settings.workers(); slot++) {
            launch(slot, bundles.get(slot / settings.workersPerBundle()));
        }
    }

    /** Launches a worker on a thread of its own, since to start a process takes a while. */
    void launchAside(int slot, Placed placed) {
        aside(slot, placed.node(), () -> launch(slot, placed));
    }

    private void aside(int slot, String node, Runnable launch) {
        Thread.ofVirtual().name("kolo-launch").start(() -> {
            try {
                launch.run();
            } catch (CancellationException e) {
                // The job was closed meanwhile.
            } catch (RuntimeException e) {
                onLine(slot, node, e.toString());
                events.accept(new WorkerEvent.Exited(slot, NOT_STARTED));
            }
        });
    }

    /** Launches a worker. */
    void launch(int slot, Placed placed) {
        WorkerSpec spec = specification(slot, placed, environment.apply(new Slot(slot, placed.node())));
        follow(slot, spec, engine.launch(spec, line -> onLine(slot, placed.node(), line)));
    }

    private void follow(int slot, WorkerSpec spec, WorkerHandle handle) {
        launched.put(slot, new Launched(spec, handle));
        handle.onDeath(
                () -> events.accept(new WorkerEvent.Disconnected(slot, "it dies")),
                () -> events.accept(new WorkerEvent.Halted(slot)));
        handle.onExit(exitCode -> events.accept(new WorkerEvent.Exited(slot, exitCode)));
    }

    /**
     * Launches the coordinator of an elastic job, apart from the workers, on a thread of its own; also another one,
     * when it is gone.
     *
     * @param told what it is told by its environment, given its place
     */
    void launchCoordinator(Function<Slot, Map<String, String>> told) {
        aside(WorkerEvent.COORDINATOR, DRIVER_NODE, () -> launchApart(told));
    }

    private void launchApart(Function<Slot, Map<String, String>> told) {
        WorkerSpec spec = coordinator(told.apply(new Slot(WorkerEvent.COORDINATOR, DRIVER_NODE)));
        followCoordinator(spec, engine.launch(spec, line -> {}));
    }

    private static WorkerSpec coordinator(Map<String, String> told) {
        return new WorkerSpec(
                COORDINATOR,
                new Placed(Placed.APART, DRIVER_NODE, List.of()),
                List.of(),
                1,
                COORDINATOR_MAIN,
                List.of(),
                COORDINATOR_FLAGS,
                told);
    }

    private void followCoordinator(WorkerSpec spec, WorkerHandle handle) {
        launched.put(WorkerEvent.COORDINATOR, new Launched(spec, handle));
        handle.onExit(exitCode -> events.accept(new WorkerEvent.Exited(WorkerEvent.COORDINATOR, exitCode)));
    }

    /**
     * Takes over what the driver before this one has launched.
     *
     * @return where the workers are that live, by their numbers; and the coordinator, if it does
     */
    Map<Integer, Placed> takeOver() {
        Map<Integer, Placed> living = new TreeMap<>();
        for (Running running : engine.running()) {
            if (running.name().equals(COORDINATOR)) {
                living.put(WorkerEvent.COORDINATOR, running.placed());
                followCoordinator(coordinator(Map.of()), engine.takeOver(running, line -> {}));
            } else {
                int slot = Integer.parseInt(running.name().substring(WORKER.length()));
                Placed placed = running.placed();
                living.put(slot, placed);
                follow(
                        slot,
                        specification(slot, placed, Map.of()),
                        engine.takeOver(running, line -> onLine(slot, placed.node(), line)));
            }
        }
        return living;
    }

    /** Returns the node that a worker was launched on; null if it never was. */
    @Nullable
    String node(int slot) {
        Launched worker = launched.get(slot);
        return worker == null ? null : worker.spec.placed().node();
    }

    /** Ends a worker's process, which cannot refuse. */
    void kill(int slot) {
        Launched worker = launched.get(slot);
        if (worker != null) {
            worker.handle.kill();
        }
    }

    /** A worker's number and its node. */
    record Slot(int number, String node) {}

    private WorkerSpec specification(int slot, Placed placed, Map<String, String> told) {
        Map<String, String> environment = new HashMap<>(settings.environment());
        environment.putAll(told);
        return new WorkerSpec(
                WORKER + slot,
                placed,
                settings.gpus(placed.gpus(), slot % settings.workersPerBundle()),
                settings.threads(),
                WORKER_MAIN,
                settings.jars(),
                settings.jvmArgs(),
                environment);
    }

    private void onLine(int rank, String node, String line) {
        if (logs != null) {
            logs.line(rank, line);
        }
        listener.onLine(rank, node, line);
    }

    /** Names a worker: {@code rank 1 on node-2 (process 4711)}. */
    @Override
    public String name(int rank) {
        Launched worker = launched.get(rank);
        String who = rank == WorkerEvent.COORDINATOR ? "the coordinator" : "rank " + rank;
        return worker == null
                ? who
                : who + " on " + worker.spec.placed().node() + " (" + worker.handle.description() + ")";
    }

    /** Says in a sentence how a worker's process ended, with the last that it wrote. */
    @Override
    public String describeExit(int rank, int exitCode) {
        Launched worker = launched.get(rank);
        List<String> lines = worker == null ? List.of() : worker.handle.lastLines();
        return name(rank) + " " + exit(exitCode)
                + (lines.isEmpty() ? "" : "; its last lines:\n  " + String.join("\n  ", lines));
    }

    /** Says how a worker's process ended, in an elastic job, where a worker's number is no rank. */
    String describeEnd(int worker, int exitCode) {
        Launched known = launched.get(worker);
        return (known == null
                        ? "its process"
                        : known.handle.description() + " on "
                                + known.spec.placed().node()) + " " + exit(exitCode);
    }

    private static String exit(int exitCode) {
        return exitCode > SIGNALS && exitCode <= SIGNALS + MAX_SIGNAL
                ? "was killed by signal " + (exitCode - SIGNALS) + " (exit code " + exitCode + ")"
                : "ended with exit code " + exitCode;
    }

    List<JobSummary.WorkerSummary> summary() {
        List<JobSummary.WorkerSummary> summaries = new ArrayList<>();
        launched.forEach((rank, worker) -> {
            if (rank == WorkerEvent.COORDINATOR) {
                return;
            }
            OptionalInt exitCode = worker.handle.exitCode();
            summaries.add(new JobSummary.WorkerSummary(
                    rank,
                    worker.spec.placed().node(),
                    rank / settings.workersPerBundle(),
                    worker.spec.gpus(),
                    worker.handle.description(),
                    exitCode.isPresent() ? exitCode.getAsInt() : null,
                    exitCode.isPresent() ? exit(exitCode.getAsInt()) : "did not end"));
        });
        return summaries;
    }
}
