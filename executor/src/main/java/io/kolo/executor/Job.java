package io.kolo.executor;

import io.kolo.executor.control.ControlServer;
import io.kolo.executor.control.JobAuthority;
import io.kolo.executor.control.JobToken;
import io.kolo.executor.control.ObjectCodec;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.Placed;
import io.kolo.executor.engine.WorkerHandle;
import io.kolo.executor.engine.WorkerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The workers of one executor, from launch to close. All that happens to them arrives in one queue. The thread that
 * starts the job empties it until the ring stands, and after that the job's own thread, which does one run after the
 * other; so the state of a job needs no locks.
 */
final class Job implements AutoCloseable {
    private static final String WORKER_MAIN = "io.kolo.executor.worker.WorkerMain";
    private static final int FIRST_GENERATION = 1;
    private static final long LEAVE_TIMEOUT_MS = 500;
    private static final long NO_DEADLINE = Long.MAX_VALUE;
    private static final int MAX_SIGNAL = 64;
    private static final long LOOK_UP_NS = TimeUnit.SECONDS.toNanos(1);

    private final JobSettings settings;
    private final SerialListener listener;
    private final BlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    private final Map<Integer, WorkerConnection> connections = new ConcurrentSkipListMap<>();
    private final Map<Integer, WorkerHandle> handles = new ConcurrentSkipListMap<>();
    private final ExecutorService runner = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("kolo-job").factory());
    private final Engine engine;
    private final ControlServer server;
    private final JobAuthority authority = new JobAuthority();
    private final JobToken token = JobToken.random();
    private final Thread hook = new Thread(this::close, "kolo-close");
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Object closing = new Object();
    private boolean ended;
    private int runs;

    Job(JobSettings settings) {
        this.settings = settings;
        this.listener = new SerialListener(settings.listener());
        this.engine = settings.openEngine();
        try {
            this.server = new ControlServer(
                    settings.workers(),
                    authority,
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
            launch(engine.reserve(settings.bundle(), settings.bundles(), settings.strategy()));
            List<Hello> members = awaitJoins(deadlineNs);
            formRing(members);
            awaitReady(deadlineNs);
            listener.onStarted(
                    "kolo: " + engine.name() + ", " + members.size() + (members.size() == 1 ? " worker" : " workers")
                            + ", kernels: " + members.getFirst().getKernels());
            started = true;
        } finally {
            if (!started) {
                listener.release();
                close();
            }
        }
    }

    private void launch(List<Placed> bundles) {
        for (int rank = 0; rank < settings.workers(); rank++) {
            int slot = rank;
            WorkerHandle handle = engine.launch(
                    specification(slot, bundles.get(slot / settings.workersPerBundle())),
                    line -> listener.onLine(slot, line));
            handles.put(slot, handle);
            handle.onExit(exitCode -> events.add(new WorkerEvent.Exited(slot, exitCode)));
        }
    }

    private WorkerSpec specification(int slot, Placed placed) {
        Map<String, String> environment = new HashMap<>(settings.environment());
        environment.putAll(new WorkerEnvironment(slot, server.address(), authority.worker(slot), token, placed.node())
                .variables());
        return new WorkerSpec(
                slot,
                placed,
                settings.gpus(placed.gpus(), slot % settings.workersPerBundle()),
                settings.threads(),
                WORKER_MAIN,
                settings.jars(),
                environment);
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
        hellos.forEach(hello -> world.addMembers(Member.newBuilder()
                .setHost(hello.getHost())
                .setDataAddress(hello.getDataAddress())
                .setBundle(hello.getSlot() / settings.workersPerBundle())));
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

    /** A broken stream is heard of before the exit code and the last lines: it waits a little for them. */
    private void throwIfEnded(WorkerEvent event) {
        RunOutcome outcome = new RunOutcome(this::describeExit);
        outcome.add(event);
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RunOutcome.GRACE_MS);
        WorkerEvent next = event;
        while (next instanceof WorkerEvent.Disconnected) {
            next = poll(deadlineNs);
            if (next != null) {
                outcome.add(next);
            }
        }
        JobFailedException failure = outcome.failure();
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Has a serialized function run, after those that were submitted before.
     *
     * @param ranks who runs it
     * @return the results by rank; if one fails, so do all that are not there yet
     */
    Map<Integer, CompletableFuture<@Nullable Object>> submit(byte[] function, Set<Integer> ranks) {
        Map<Integer, CompletableFuture<@Nullable Object>> results = new TreeMap<>();
        ranks.forEach(rank -> results.put(rank, new CompletableFuture<>()));
        try {
            runner.execute(() -> {
                try {
                    run(function, results);
                } catch (Throwable e) {
                    close(); // what the workers still answer must not be taken for the next run's
                    results.values().forEach(result -> result.completeExceptionally(e));
                }
            });
        } catch (RejectedExecutionException e) {
            throw new CancellationException("the executor was closed");
        }
        return results;
    }

    /** Ends once all ranks have answered; after the first failure the others have {@link RunOutcome#GRACE_MS} to. */
    private void run(byte[] function, Map<Integer, CompletableFuture<@Nullable Object>> results) {
        int run = ++runs;
        RunOutcome outcome = new RunOutcome(this::describeExit);
        results.keySet().forEach(rank -> send(function, run, rank));
        long deadlineNs = NO_DEADLINE;
        while (!outcome.answers(results.keySet())) {
            WorkerEvent event = poll(deadlineNs);
            if (event == null) {
                break; // who has not answered by now is stuck in the user's code, and is killed
            }
            outcome.add(event);
            if (event instanceof WorkerEvent.Returned returned) {
                complete(results.get(returned.slot()), returned);
            }
            if (outcome.culprit() != null && deadlineNs == NO_DEADLINE) {
                deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RunOutcome.GRACE_MS);
                abortAll(outcome.culprit(), outcome.reason());
            }
        }
        JobFailedException failure = outcome.failure();
        if (failure != null) {
            throw failure;
        }
    }

    private void complete(@Nullable CompletableFuture<@Nullable Object> result, WorkerEvent.Returned returned) {
        if (result == null) {
            return;
        }
        try {
            String role = "the result of rank " + returned.slot();
            result.complete(ObjectCodec.read(returned.result(), settings.loader(), role));
        } catch (Throwable e) { // a class that is missing here, or whose initializer fails, is an Error
            result.completeExceptionally(e);
        }
    }

    private void send(byte[] function, int run, int rank) {
        try {
            WorkerConnection connection = connections.get(rank);
            if (connection != null) {
                connection.function(function, run);
            }
        } catch (TimeoutException e) {
            throw new IllegalStateException("rank " + rank + " does not take the function: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private void abortAll(int culprit, String reason) {
        connections.values().forEach(connection -> connection.abort(culprit, reason));
    }

    private String describeExit(int slot, int exitCode) {
        WorkerHandle handle = handles.get(slot);
        String end = exitCode > 128 && exitCode <= 128 + MAX_SIGNAL
                ? "was killed by signal " + (exitCode - 128)
                : "ended with exit code " + exitCode;
        List<String> lines = handle == null ? List.of() : handle.lastLines();
        return "rank " + slot + (handle == null ? " " : " (" + handle.description() + ") ") + end
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
        try {
            while (true) {
                long leftNs = deadlineNs == NO_DEADLINE ? LOOK_UP_NS : deadlineNs - System.nanoTime();
                WorkerEvent event = events.poll(Math.min(leftNs, LOOK_UP_NS), TimeUnit.NANOSECONDS);
                if (closed.get()) {
                    throw new CancellationException("the executor was closed");
                }
                if (event != null || leftNs <= 0) {
                    return event;
                }
            }
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
        try {
            engine.close();
        } finally {
            server.close();
            runner.shutdown(); // it sees that the job is closed; what was still to run fails
            removeHook();
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook is what runs this.
        }
    }
}
