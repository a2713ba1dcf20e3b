package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.elastic.ElasticRules;
import io.kolo.executor.control.WorkerConnection;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an elastic job keeps from run to run. */
final class ElasticJob {
    final JobSettings settings;
    final ElasticRules rules;
    final JobWorkers workers;
    final SerialListener listener;
    final JobEvents events;
    final Replacements replacements;
    final CoordinatorProcess coordinator;
    final DrainRequests drains;
    private final @Nullable JobLogs logs;

    /** To those that are there. */
    final Map<Integer, WorkerConnection> connections;

    private volatile @Nullable ElasticRun running;

    ElasticJob(
            JobSettings settings,
            ElasticRules rules,
            JobWorkers workers,
            SerialListener listener,
            JobEvents events,
            Wiring wiring) {
        this.settings = settings;
        this.rules = rules;
        this.workers = workers;
        this.listener = listener;
        this.events = events;
        this.connections = wiring.connections;
        this.logs = wiring.logs;
        this.drains = new DrainRequests(wiring.folder, workers);
        this.coordinator = new CoordinatorProcess(workers, wiring.launchCoordinator, connections);
        this.replacements = new Replacements(workers, settings.workers(), rules.cooldown());
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
