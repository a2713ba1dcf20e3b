package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.Versions;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.Worlds;
import io.kolo.executor.control.proto.Handover;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.World;
import io.kolo.executor.engine.Engine;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The workers of one executor, from launch to close. All that happens to them arrives in one queue. The thread that
 * starts the job empties it until the ring stands, and after that the job's own thread, which does one run after the
 * other; so the state of a job needs no locks.
 */
final class Job implements AutoCloseable {
    private static final int FIRST_GENERATION = 1;
    private static final long TURN_NS = TimeUnit.MILLISECONDS.toNanos(20);

    /** How many workers an elastic job may have had. */
    private static final int MOST_WORKERS = 100_000;

    private final JobSettings settings;
    private final SerialListener listener;
    private final JobEvents events;
    private final Map<Integer, WorkerConnection> connections = new ConcurrentSkipListMap<>();
    private final ExecutorService runner = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("kolo-job").factory());
    private final Thread hook = new Thread(this::close, "kolo-close");
    private final Object closing = new Object();
    private final Instant started = Instant.now();
    private final StartPhases phases = new StartPhases();
    private final List<JobSummary.Run> runs = new CopyOnWriteArrayList<>();
    private final Engine engine;
    private final Optional<Handover> before;
    private final JobChannel channel;
    private final @Nullable JobLogs logs;
    private final JobWorkers workers;
    private final Map<Integer, Hello> hellos = new ConcurrentSkipListMap<>();
    private final @Nullable ElasticJob elastic;
    private boolean ended;

    Job(JobSettings settings) {
        this.settings = settings;
        this.listener = new SerialListener(settings.listener());
        this.events = new JobEvents(settings.heartbeatTimeout(), this::onProgress);
        Runtime.getRuntime().addShutdownHook(hook);
        synchronized (closing) { // a JVM that ends from here on waits, and then closes what was opened
            boolean opened = false;
            Engine openEngine = null;
            JobLogs openLogs = null;
            try {
                openEngine = settings.openEngine();
                this.before = JobChannel.handover(openEngine);
                openLogs = settings.logFolder() == null ? null : JobLogs.open(settings, before);
                this.engine = openEngine;
                this.logs = openLogs;
                this.workers = new JobWorkers(settings, engine, listener, logs);
                ElasticSettings given = settings.elastic();
                this.elastic = given == null
                        ? null
                        : new ElasticJob(
                                settings,
                                given,
                                workers,
                                listener,
                                events,
                                new ElasticJob.Wiring(connections, this::launchCoordinator, engine.folder(), logs));
                this.channel = new JobChannel(
                        engine,
                        before,
                        given == null ? settings.workers() : MOST_WORKERS,
                        events,
                        given != null,
                        logs == null ? null : logs.folder());
                opened = true;
            } finally {
                if (!opened) {
                    ended = true;
                    closeAll(openEngine, openLogs);
                }
            }
        }
    }

    private void closeAll(@Nullable Engine engine, @Nullable JobLogs logs) {
        try {
            if (engine != null) {
                engine.close();
            }
        } finally {
            if (logs != null) {
                logs.close();
            }
            runner.shutdown(); // it sees that the job is closed; what was still to run fails
            removeHook();
        }
    }

    /** Launches the workers and waits until their ring stands; closes the job if that fails. */
    void start() {
        boolean started = false;
        try {
            workers.connect(channel::worker, events::onEvent);
            String headline = before.isEmpty() || elastic == null
                    ? launch()
                    : "another driver, which goes on with " + count(elastic.takeOver(channel.workers()));
            listener.onStarted("kolo: " + engine.name() + ", " + headline);
            started = true;
        } finally {
            if (!started) {
                listener.release();
                close();
            }
        }
    }

    private String launch() {
        long deadlineNs = System.nanoTime() + settings.startTimeout().toNanos();
        if (elastic == null) {
            workers.launchAll();
        } else {
            elastic.launch();
        }
        phases.over("launch");
        awaitJoins(elastic == null ? settings.workers() : elastic.rules.minWorkers(), deadlineNs);
        phases.over("join");
        String plan = "elastic";
        String count = count(hellos.size());
        if (elastic == null) {
            formRing(List.copyOf(hellos.values()));
            plan = awaitReady(deadlineNs);
        } else {
            count = elastic.rules.minWorkers() + " to " + elastic.rules.maxWorkers() + " workers";
        }
        phases.over("ring");
        return count + ", kernels: " + hellos.values().iterator().next().getKernels() + ", " + plan;
    }

    private static String count(int workers) {
        return workers + (workers == 1 ? " worker" : " workers");
    }

    private void launchCoordinator() {
        workers.launchCoordinator(channel::coordinator);
    }

    private void onProgress(Progress progress) {
        phases.step();
        listener.onProgress(progress);
    }

    private void awaitJoins(int count, long deadlineNs) {
        while (hellos.size() < count || (elastic != null && !elastic.coordinator.isThere())) {
            switch (next(deadlineNs, () -> elastic == null ? missing(hellos) + " to join" : elastic.missing())) {
                case WorkerEvent.Joined joined -> {
                    hellos.put(joined.slot(), joined.hello());
                    if (elastic == null) {
                        connections.put(joined.slot(), joined.connection());
                    } else {
                        elastic.joined(joined);
                    }
                }
                case WorkerEvent.Coordinates here ->
                    Objects.requireNonNull(elastic).coordinator.joined(here);
                case WorkerEvent other -> new RunOutcome(workers).throwIfEnded(other, this::poll);
            }
        }
    }

    private String missing(Map<Integer, ?> present) {
        return IntStream.range(0, settings.workers())
                .filter(slot -> !present.containsKey(slot))
                .mapToObj(workers::name)
                .reduce((a, b) -> a + ", " + b)
                .orElse("");
    }

    private void formRing(List<Hello> hellos) {
        World.Builder world = Worlds.of(
                FIRST_GENERATION,
                new SecureRandom().nextLong(),
                settings.transport().name(),
                settings.collectiveTimeout());
        hellos.forEach(hello -> world.addMembers(Worlds.member(hello, hello.getSlot() / settings.workersPerBundle())));
        connections.forEach(
                (slot, connection) -> connection.world(world.setRank(slot).build()));
    }

    /** Returns how the ranks exchange. */
    private String awaitReady(long deadlineNs) {
        Map<Integer, String> ready = new TreeMap<>();
        while (ready.size() < settings.workers()) {
            switch (next(deadlineNs, () -> missing(ready) + " to reach its neighbours")) {
                case WorkerEvent.Ready here -> ready.put(here.slot(), here.plan());
                case WorkerEvent other -> new RunOutcome(workers).throwIfEnded(other, this::poll);
            }
        }
        return String.valueOf(ready.get(0));
    }

    private WorkerEvent next(long deadlineNs, Supplier<String> awaited) {
        WorkerEvent event = null;
        while (event == null) {
            long nowNs = System.nanoTime();
            if (nowNs - deadlineNs >= 0) {
                throw new IllegalStateException(
                        "waited " + settings.startTimeout().toMillis() + " ms for " + awaited.get());
            }
            if (elastic != null) {
                elastic.recruiter.launch(workers::launchAside, nowNs);
            }
            event = poll(nowNs + Math.min(TURN_NS, deadlineNs - nowNs));
        }
        return event;
    }

    /**
     * Has a serialized function run, after those that were submitted before.
     *
     * @param what names the function, for the summary
     * @param ranks who runs it
     * @return the results by rank; if one fails, so do all that are not there yet
     */
    Map<Integer, CompletableFuture<@Nullable Object>> submit(String what, ByteString function, Set<Integer> ranks) {
        JobRun run = new JobRun(settings, what, ranks, workers);
        try {
            runner.execute(() -> execute(run, function));
        } catch (RejectedExecutionException e) {
            throw new CancellationException("the executor was closed");
        }
        return run.results();
    }

    /**
     * Has a serialized function run on the workers of an elastic job, after those that were submitted before.
     *
     * @param what names the function, for the summary
     * @param scope who runs it
     * @return the serialized results of the last generation, by rank
     */
    CompletableFuture<List<ByteString>> submit(String what, ByteString function, ElasticRun.Scope scope) {
        CompletableFuture<List<ByteString>> results = new CompletableFuture<>();
        try {
            runner.execute(() -> execute(what, function, scope, results));
        } catch (RejectedExecutionException e) {
            throw new CancellationException("the executor was closed");
        }
        return results;
    }

    private void execute(
            String what, ByteString function, ElasticRun.Scope scope, CompletableFuture<List<ByteString>> results) {
        long startNs = System.nanoTime();
        int number = runs.size() + 1;
        List<ByteString> values = List.of();
        Throwable failure = null;
        try {
            values = Objects.requireNonNull(elastic).run(number, function, scope);
        } catch (Throwable e) {
            failure = e;
            if (!scope.outlives(e)) {
                events.close();
            }
        }
        String end = failure == null ? "returned" : String.valueOf(failure);
        runs.add(new JobSummary.Run(number, what, values.size(), (System.nanoTime() - startNs) / 1e9, end));
        if (failure == null) {
            List<ByteString> returned = values;
            JobRun.complete(() -> results.complete(returned));
        } else {
            Throwable reason = failure;
            JobRun.complete(() -> results.completeExceptionally(reason));
        }
        if (events.isClosed()) {
            close();
        }
    }

    /** A worker of an elastic job is to leave between two steps. */
    void drain(int worker) {
        events.onEvent(new WorkerEvent.Drains(worker, "it was asked for", false));
    }

    /** Returns the workers that train at the moment in an elastic job, by rank. */
    List<Integer> training() {
        return elastic == null ? List.of() : elastic.training();
    }

    /** Returns the workers' processes. */
    JobWorkers workers() {
        return workers;
    }

    private void execute(JobRun run, ByteString function) {
        long startNs = System.nanoTime();
        String end = "returned";
        try {
            run.execute(runs.size() + 1, function, connections, events);
        } catch (Throwable e) {
            end = String.valueOf(e);
            events.close(); // what the workers still answer must not be taken for the next run's
            run.fail(e);
        }
        runs.add(run.summary((System.nanoTime() - startNs) / 1e9, end));
        if (events.isClosed()) {
            close();
        }
    }

    private @Nullable WorkerEvent poll(long deadlineNs) {
        try {
            return events.poll(deadlineNs);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("the thread that starts the job was interrupted");
        }
    }

    /** Whoever comes second waits: a JVM that ends must not halt while another thread still cleans up. */
    @Override
    public void close() {
        events.close();
        synchronized (closing) {
            if (!ended) {
                ended = true;
                boolean interrupted = Thread.interrupted(); // the waits of the clean-up are short, and needed
                try {
                    end();
                } finally {
                    if (interrupted) {
                        Thread.currentThread().interrupt();
                    }
                }
            }
        }
    }

    private void end() {
        connections.values().forEach(connection -> connection.shutdown(settings.leaveTimeout()));
        if (elastic != null) {
            elastic.close();
        }
        try {
            engine.awaitExits(settings.leaveTimeout().toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            closeAll(engine, null);
        } finally {
            channel.close();
            if (logs != null) {
                logs.write(summary());
                logs.close();
            }
        }
    }

    private JobSummary summary() {
        double seconds = (System.currentTimeMillis() - started.toEpochMilli()) / 1e3;
        return new JobSummary(
                engine.name(), Versions.OWN, started.toString(), seconds, phases.all(), workers.summary(), runs);
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook is what runs this.
        }
    }
}
