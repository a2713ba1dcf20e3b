package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.elastic.ElasticRules;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.engine.Placed;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What an elastic job keeps from run to run. */
final class ElasticJob implements AutoCloseable {
    final JobSettings settings;
    final ElasticRules rules;
    final JobWorkers workers;
    final SerialListener listener;
    final JobEvents events;
    final Recruiter recruiter;
    final CoordinatorProcess coordinator;
    final DrainRequests drains;
    private final @Nullable HostDiscovery discovery;
    private final @Nullable JobLogs logs;

    /** To those that are there. */
    final Map<Integer, WorkerConnection> connections;

    /** Those that left a ring since they were told to. */
    final Set<Integer> left = new TreeSet<>();

    private volatile @Nullable HostWatch hosts;
    private volatile @Nullable ElasticRun running;

    ElasticJob(
            JobSettings settings,
            ElasticSettings elastic,
            JobWorkers workers,
            SerialListener listener,
            JobEvents events,
            Wiring wiring) {
        this.settings = settings;
        this.rules = elastic.rules();
        this.discovery = elastic.discovery();
        this.workers = workers;
        this.listener = listener;
        this.events = events;
        this.connections = wiring.connections;
        this.logs = wiring.logs;
        this.drains = new DrainRequests(wiring.folder, workers);
        this.coordinator = new CoordinatorProcess(workers, wiring.launchCoordinator, connections);
        this.recruiter = new Recruiter(this::room, settings.workers(), elastic.cooldown());
    }

    /**
     * What a job has for it.
     *
     * @param connections to the workers that have joined, by number
     * @param launchCoordinator starts a coordinator's process
     * @param folder the job's own on this machine
     * @param logs where journals are kept; null if they need not be
     */
    record Wiring(
            Map<Integer, WorkerConnection> connections,
            Runnable launchCoordinator,
            Path folder,
            @Nullable JobLogs logs) {}

    /** Launches the coordinator and those workers for which there is room. */
    void launch() {
        if (discovery == null) {
            var unused = workers.reserve(rules.minWorkers());
        } else {
            hosts = new HostWatch(discovery, settings.workers(), settings.gpusPerWorker(), listener::onHosts);
        }
        recruiter.launch(workers::launch, System.nanoTime());
        coordinator.launch();
    }

    /**
     * Goes on with what the driver before this one has left.
     *
     * @param given the numbers below this have been given to workers
     * @return how many workers there are
     */
    int takeOver(int given) {
        var unused = workers.reserve(0);
        Map<Integer, Placed> there = workers.takeOver();
        boolean coordinatorLives = there.remove(WorkerEvent.COORDINATOR) != null;
        recruiter.takeOver(there, given, System.nanoTime());
        coordinator.takeOver(
                coordinatorLives,
                IntStream.range(0, given)
                        .filter(worker -> !there.containsKey(worker))
                        .boxed()
                        .collect(Collectors.toSet()));
        return there.size();
    }

    private List<Placed> room() {
        HostWatch watch = hosts;
        return watch == null ? workers.room() : watch.room();
    }

    /** A worker has come. */
    void joined(WorkerEvent.Joined worker) {
        connections.put(worker.slot(), worker.connection());
        recruiter.joined(worker.slot());
        coordinator.introduce(worker.connection());
    }

    /** Says for what the job waits before it has begun. */
    String missing() {
        HostWatch watch = hosts;
        int least = rules.minWorkers();
        return connections.size() < least
                ? "workers to join: there are " + connections.size() + " of at least " + least
                        + (watch == null ? "" : "; " + watch.state())
                : "the coordinator to join";
    }

    /** The coordinator may go; no hosts are asked for any more. */
    @Override
    public void close() {
        coordinator.goodbye();
        HostWatch watch = hosts;
        if (watch != null) {
            watch.close();
        }
    }

    /**
     * Runs a function on all workers, and on each that comes meanwhile.
     *
     * @param number the run's in the job
     * @param scope who runs it
     * @return the serialized results of the last generation, by rank
     * @throws JobFailedException if a worker's function throws, or the training cannot go on
     */
    List<ByteString> run(int number, ByteString function, ElasticRun.Scope scope) throws InterruptedException {
        Path journal = logs == null ? null : logs.folder().resolve("journal-" + number);
        ElasticRun run =
                new ElasticRun(this, CoordinatorProcess.run(number, rules, settings, journal), function, scope);
        running = run;
        return run.execute();
    }

    /** Returns the workers that train at the moment, by rank; any thread may ask. */
    List<Integer> training() {
        ElasticRun run = running;
        return run == null ? List.of() : run.training();
    }
}
