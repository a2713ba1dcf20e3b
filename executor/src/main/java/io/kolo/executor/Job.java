package io.kolo.executor;

import io.kolo.executor.RayExecutor.Settings;
import io.kolo.executor.control.ControlServer;
import io.kolo.executor.control.JobToken;
import io.kolo.executor.control.ObjectCodec;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import io.kolo.executor.local.LocalEngine;
import io.kolo.executor.local.WorkerProcess;
import io.kolo.executor.local.WorkerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The workers of one executor, from launch to close. All that happens to them arrives in one queue, which the user's
 * thread empties while it waits; so the state of a job needs no locks.
 */
final class Job implements AutoCloseable {
    private static final String WORKER_MAIN = "io.kolo.executor.worker.WorkerMain";
    private static final int FIRST_GENERATION = 1;
    private static final long LEAVE_TIMEOUT_MS = 500;
    private static final long NO_DEADLINE = Long.MAX_VALUE;

    private final Settings settings;
    private final SerialListener listener;
    private final BlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    private final Map<Integer, WorkerConnection> connections = new TreeMap<>();
    private final Map<Integer, WorkerProcess> processes = new TreeMap<>();
    private final LocalEngine engine;
    private final ControlServer server;
    private final JobToken token = JobToken.random();
    private final Thread hook = new Thread(this::close, "kolo-close");
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Object closing = new Object();
    private boolean ended;
    private int runs;

    Job(Settings settings) {
        this.settings = settings;
        this.listener = new SerialListener(settings.listener());
        this.engine = new LocalEngine(settings.workers());
        try {
            this.server = new ControlServer(
                    settings.workers(),
                    token,
                    events::add,
                    (slot, report) -> listener.onProgress(
                            new Progress(slot, report.getDone(), report.getTotal(), report.getMetricsMap())));
        } catch (IOException e) {
            engine.close();
            throw new UncheckedIOException("no port for the control channel", e);
        }
    }

    /** Launches the workers and waits until their ring stands; closes the job if that fails. */
    void start() {
        Runtime.getRuntime().addShutdownHook(hook);
        boolean started = false;
        try {
            long deadlineNs = System.nanoTime() + settings.startTimeout().toNanos();
            launch();
            List<Hello> members = awaitJoins(deadlineNs);
            formRing(members);
            awaitReady(deadlineNs);
            listener.onStarted("kolo: local engine, " + members.size() + (members.size() == 1 ? " worker" : " workers")
                    + ", kernels: " + members.getFirst().getKernels());
            started = true;
        } finally {
            if (!started) {
                listener.release();
                close();
            }
        }
    }

    private void launch() {
        for (int slot = 0; slot < settings.workers(); slot++) {
            int rank = slot;
            Map<String, String> environment =
                    new WorkerEnvironment(slot, server.address(), token, engine.folder(slot)).variables();
            WorkerProcess process = engine.launch(
                    new WorkerSpec(slot, WORKER_MAIN, settings.jars(), environment),
                    line -> listener.onLine(rank, line));
            processes.put(slot, process);
            process.onExit(exitCode -> events.add(new WorkerEvent.Exited(rank, exitCode)));
        }
    }

    private List<Hello> awaitJoins(long deadlineNs) {
        Map<Integer, Hello> hellos = new TreeMap<>();
        while (hellos.size() < settings.workers()) {
            switch (next(deadlineNs, () -> "worker " + missing(hellos) + " to join")) {
                case WorkerEvent.Joined joined -> {
                    hellos.put(joined.slot(), joined.hello());
                    connections.put(joined.slot(), joined.connection());
                }
                case WorkerEvent other -> throwIfEnded(other);
            }
        }
        return List.copyOf(hellos.values());
    }

    private String missing(Map<Integer, ?> present) {
        return IntStream.range(0, settings.workers())
                .filter(slot -> !present.containsKey(slot))
                .mapToObj(String::valueOf)
                .reduce((a, b) -> a + ", " + b)
                .orElse("");
    }

    private void formRing(List<Hello> hellos) {
        World.Builder world = World.newBuilder()
                .setGeneration(FIRST_GENERATION)
                .setKey(new SecureRandom().nextLong())
                .setCollectiveTimeoutMs(settings.collectiveTimeout().toMillis());
        hellos.forEach(hello ->
                world.addMembers(Member.newBuilder().setHost(hello.getHost()).setDataAddress(hello.getDataAddress())));
        connections.forEach(
                (slot, connection) -> connection.world(world.setRank(slot).build()));
    }

    private void awaitReady(long deadlineNs) {
        Map<Integer, Boolean> ready = new TreeMap<>();
        while (ready.size() < settings.workers()) {
            switch (next(deadlineNs, () -> "worker " + missing(ready) + " to reach its neighbours")) {
                case WorkerEvent.Ready here -> ready.put(here.slot(), true);
                case WorkerEvent other -> throwIfEnded(other);
            }
        }
    }

    private void throwIfEnded(WorkerEvent event) {
        RunOutcome outcome = new RunOutcome(this::describeExit);
        outcome.add(event);
        JobFailedException failure = outcome.failure();
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Runs a serialized function on all workers.
     *
     * @return the results by rank
     * @throws JobFailedException once all workers have answered, or had {@value RunOutcome#GRACE_MS} ms to
     */
    List<@Nullable Object> run(byte[] function) {
        int run = ++runs;
        RunOutcome outcome = new RunOutcome(this::describeExit);
        sendToAll(function, run);
        long deadlineNs = NO_DEADLINE;
        while (outcome.answers() < settings.workers()) {
            WorkerEvent event = poll(deadlineNs);
            if (event == null) {
                break; // who has not answered by now is stuck in the user's code, and is killed
            }
            if (event instanceof WorkerEvent.Returned returned && returned.run() != run) {
                continue;
            }
            outcome.add(event);
            if (outcome.culprit() != null && deadlineNs == NO_DEADLINE) {
                deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RunOutcome.GRACE_MS);
                abortAll(outcome.culprit(), outcome.reason());
            }
        }
        JobFailedException failure = outcome.failure();
        if (failure != null) {
            close();
            throw failure;
        }
        List<@Nullable Object> results = new ArrayList<>();
        outcome.results()
                .forEach((rank, bytes) ->
                        results.add(ObjectCodec.read(bytes, settings.loader(), "the result of rank " + rank)));
        return results;
    }

    private void sendToAll(byte[] function, int run) {
        connections.forEach((rank, connection) -> {
            try {
                connection.function(function, run);
            } catch (TimeoutException e) {
                throw new IllegalStateException("rank " + rank + " does not take the function: " + e.getMessage(), e);
            } catch (InterruptedException e) {
                throw interrupted();
            }
        });
    }

    private void abortAll(int culprit, String reason) {
        connections.values().forEach(connection -> connection.abort(culprit, reason));
    }

    private String describeExit(int slot, int exitCode) {
        WorkerProcess process = processes.get(slot);
        String end = exitCode > 128 ? "was killed by signal " + (exitCode - 128) : "ended with exit code " + exitCode;
        List<String> lines = process == null ? List.of() : process.lastLines();
        return "rank " + slot + " (process " + (process == null ? "?" : process.pid()) + ") " + end
                + (lines.isEmpty() ? "" : "; its last lines:\n  " + String.join("\n  ", lines));
    }

    private WorkerEvent next(long deadlineNs, Supplier<String> awaited) {
        WorkerEvent event = poll(deadlineNs);
        if (event == null) {
            throw new IllegalStateException(
                    "waited " + settings.startTimeout().toMillis() + " ms for " + awaited.get());
        }
        return event;
    }

    /** Returns the next event, or null at the deadline. */
    private @Nullable WorkerEvent poll(long deadlineNs) {
        if (closed.get()) {
            throw new CancellationException("the executor was closed");
        }
        try {
            WorkerEvent event = deadlineNs == NO_DEADLINE
                    ? events.take()
                    : events.poll(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (closed.get()) {
                throw new CancellationException("the executor was closed");
            }
            return event;
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private CancellationException interrupted() {
        Thread.currentThread().interrupt();
        close();
        return new CancellationException("the thread that runs the job was interrupted");
    }

    /** Whoever comes second waits: a JVM that ends must not halt while another thread still cleans up. */
    @Override
    public void close() {
        closed.set(true);
        synchronized (closing) {
            if (!ended) {
                ended = true;
                end();
            }
        }
    }

    private void end() {
        connections.values().forEach(WorkerConnection::shutdown);
        try {
            engine.awaitExits(LEAVE_TIMEOUT_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        engine.close();
        server.close();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook is what runs this.
        }
    }
}
