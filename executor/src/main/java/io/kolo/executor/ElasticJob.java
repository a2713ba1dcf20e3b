package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.elastic.ElasticRules;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.proto.Hello;
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

    /** Of each worker that ever joined. */
    final Map<Integer, Hello> hellos;

    /** To those that are there. */
    final Map<Integer, WorkerConnection> connections;

    private volatile @Nullable ElasticRun running;

    ElasticJob(
            JobSettings settings,
            ElasticRules rules,
            JobWorkers workers,
            SerialListener listener,
            JobEvents events,
            Joined joined) {
        this.settings = settings;
        this.rules = rules;
        this.workers = workers;
        this.listener = listener;
        this.events = events;
        this.hellos = joined.hellos;
        this.connections = joined.connections;
        this.replacements = new Replacements(workers, settings.workers(), rules.cooldown());
    }

    /** The workers that have joined a job, by number. */
    record Joined(Map<Integer, Hello> hellos, Map<Integer, WorkerConnection> connections) {}

    /**
     * Runs a function on all workers, and on each that comes meanwhile.
     *
     * @param number the run's in the job
     * @return the serialized results of the last generation, by rank
     * @throws JobFailedException if a worker's function throws, or the training cannot go on
     */
    List<ByteString> run(int number, ByteString function) throws InterruptedException {
        ElasticRun run = new ElasticRun(this, number, function);
        running = run;
        return run.execute();
    }

    /** Returns the workers that train at the moment, by rank; any thread may ask. */
    List<Integer> training() {
        ElasticRun run = running;
        return run == null ? List.of() : run.training();
    }
}
