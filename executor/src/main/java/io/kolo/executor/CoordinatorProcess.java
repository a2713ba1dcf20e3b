package io.kolo.executor;

import io.kolo.elastic.ElasticRules;
import io.kolo.executor.control.CoordinatorConnection;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.proto.Run;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator of an elastic job: a process of its own. It is started again when it dies, and told anew what the
 * driver knows; the workers are told where it is, and say themselves where they stand. For the job's thread.
 */
final class CoordinatorProcess {
    private static final int MOST_QUICK_DEATHS = 5;
    private static final long QUICK_NS = TimeUnit.SECONDS.toNanos(10);

    private final JobWorkers workers;
    private final Runnable launch;

    /** To the workers that are there. */
    private final Map<Integer, WorkerConnection> connections;

    private final Map<Integer, String> lost = new TreeMap<>();

    /** Those that were gone before this driver came. */
    private final Set<Integer> goneBefore = new TreeSet<>();

    private final Set<Integer> draining = new TreeSet<>();
    private Set<Integer> expected = Set.of();
    private volatile @Nullable CoordinatorConnection connection;
    private String address = "";
    private @Nullable Run run;
    private long launchedNs;
    private int quickDeaths;

    /**
     * A coordinator that has not been launched.
     *
     * @param launch starts its process
     * @param connections to the workers that are there
     */
    CoordinatorProcess(JobWorkers workers, Runnable launch, Map<Integer, WorkerConnection> connections) {
        this.workers = workers;
        this.launch = launch;
        this.connections = connections;
    }

    /** Starts its process. */
    void launch() {
        launchedNs = System.nanoTime();
        launch.run();
    }

    /**
     * Goes on with what the driver before this one has left.
     *
     * @param lives whether its process does
     * @param gone the workers that do not
     */
    void takeOver(boolean lives, Set<Integer> gone) {
        goneBefore.addAll(gone);
        if (!lives) {
            launch();
        }
    }

    boolean isThere() {
        return connection != null;
    }

    /** Returns whether this is it, and not one in whose place there is another. */
    boolean is(CoordinatorConnection asked) {
        return asked.equals(connection);
    }

    /** It is there; or it is another one, which the engine took for dead before it said hello. */
    void joined(WorkerEvent.Coordinates here) {
        CoordinatorConnection there = here.connection();
        if (connection != null) {
            there.goodbye();
            return;
        }
        address = here.address();
        connection = there;
        connections.values().forEach(this::introduce);
        if (run != null) {
            brief(there, run);
        }
    }

    private void brief(CoordinatorConnection there, Run current) {
        there.run(current);
        there.expected(expected);
        goneBefore.forEach(worker -> there.lost(worker, "gone before this driver came"));
        lost.forEach(there::lost);
        draining.forEach(there::draining);
    }

    /** What is not heard, since it is not there, is told again once it is. */
    private void tell(Consumer<CoordinatorConnection> message) {
        CoordinatorConnection there = connection;
        if (there != null) {
            message.accept(there);
        }
    }

    /** Tells a worker where the coordinator is, if it is anywhere. */
    void introduce(WorkerConnection worker) {
        if (connection != null) {
            worker.coordinator(address);
        }
    }

    /** Begins a training; it says so when workers may come. Who was to leave the one before, and has not, is to. */
    void begin(Run next) {
        run = next;
        lost.clear();
        expected = Set.of();
        tell(there -> brief(there, next));
    }

    /** These workers are there, or on their way. */
    void expect(Set<Integer> workers) {
        if (!workers.equals(expected)) {
            tell(there -> there.expected(workers));
        }
        expected = workers;
    }

    /** A worker is gone. */
    void lost(int worker, String reason) {
        lost.put(worker, reason);
        tell(there -> there.lost(worker, reason));
    }

    /** A worker is to leave between two steps; returns whether that is news. */
    boolean drain(int worker) {
        boolean isNews = draining.add(worker);
        if (isNews) {
            tell(there -> there.draining(worker));
        }
        return isNews;
    }

    /** It says nothing any more: its end is an event of its own. */
    void silent() {
        workers.kill(WorkerEvent.COORDINATOR);
    }

    /**
     * Its process has ended: starts another one. The engine may be wrong about that, as about a machine that it does
     * not reach; then the one before goes as soon as it hears of it, and what it says until then is not heeded.
     *
     * @throws JobGivenUpException if it ends again and again
     */
    void ended(int exitCode) {
        goodbye();
        connection = null;
        quickDeaths = System.nanoTime() - launchedNs < QUICK_NS ? quickDeaths + 1 : 0;
        if (quickDeaths == MOST_QUICK_DEATHS) {
            throw new JobGivenUpException("the coordinator has ended " + MOST_QUICK_DEATHS
                    + " times in a row soon after its start, the last time so: "
                    + workers.describeExit(WorkerEvent.COORDINATOR, exitCode));
        }
        launch();
    }

    /** It is not needed any more; by any thread. */
    void goodbye() {
        tell(CoordinatorConnection::goodbye);
    }

    /**
     * Describes a training.
     *
     * @param journal the folder for its journal; null for one that goes with the job
     */
    static Run run(int number, ElasticRules rules, JobSettings settings, @Nullable Path journal) {
        return Run.newBuilder()
                .setNumber(number)
                .setMinWorkers(rules.minWorkers())
                .setMaxWorkers(rules.maxWorkers())
                .setResetLimit(rules.resetLimit())
                .setElasticTimeoutMs(ms(rules.elasticTimeout()))
                .setCollectTimeoutMs(ms(rules.collectTimeout()))
                .setStartTimeoutMs(ms(rules.startTimeout()))
                .setTransport(settings.transport().name())
                .setCollectiveTimeoutMs(ms(settings.collectiveTimeout()))
                .setJournal(journal == null ? "" : journal.toAbsolutePath().toString())
                .build();
    }

    private static long ms(Duration duration) {
        return Math.max(1, duration.toMillis());
    }
}
