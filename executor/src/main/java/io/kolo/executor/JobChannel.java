package io.kolo.executor;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kolo.executor.control.ControlServer;
import io.kolo.executor.control.Identity;
import io.kolo.executor.control.JobAuthority;
import io.kolo.executor.control.JobToken;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.control.WorkerListener;
import io.kolo.executor.control.proto.Handover;
import io.kolo.executor.engine.Engine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The driver's end of a job's control channel, and what the job's processes have to know to get in. Where a job may
 * outlive its driver, the engine keeps that for the next one, and how many workers have been let in.
 */
final class JobChannel implements AutoCloseable {
    /** How long workers wait for another driver: a JVM's start, on busy cores, and the connection with the cluster. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final long PORT_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long PORT_RETRY_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Engine engine;
    private final JobAuthority authority;
    private final JobToken token;
    private final ControlServer server;
    private final Duration patience;
    private final String logs;

    /** Numbers below this have been given to workers. */
    private int workers;

    /**
     * Starts to listen.
     *
     * @param engine has the address of this machine that the job's processes reach
     * @param before what the driver before this one has left
     * @param slots how many workers may come
     * @param listener takes what is heard
     * @param outlives whether the job is one that may outlive its driver
     * @param logs the job's folder; null if it has none
     */
    JobChannel(
            Engine engine,
            Optional<Handover> before,
            int slots,
            WorkerListener listener,
            boolean outlives,
            @Nullable Path logs) {
        this.engine = engine;
        this.authority =
                before.map(known -> JobAuthority.decode(known.getAuthority())).orElseGet(JobAuthority::new);
        this.token = before.map(known -> new JobToken(known.getToken())).orElseGet(JobToken::random);
        this.workers = before.map(Handover::getWorkers).orElse(0);
        this.patience = outlives && engine.outlivesDriver() ? PATIENCE : Duration.ZERO;
        this.logs = logs == null ? "" : logs.toAbsolutePath().toString();
        this.server = listen(before.map(Handover::getPort).orElse(0), slots, listener);
        boolean kept = false;
        try {
            keep();
            kept = true;
        } finally {
            if (!kept) {
                server.close();
            }
        }
    }

    /** The port of the driver before may have been taken for a moment, by a call of somebody on this machine. */
    private ControlServer listen(int port, int slots, WorkerListener listener) {
        long deadlineNs = System.nanoTime() + PORT_TIMEOUT_NS;
        while (true) {
            try {
                return ControlServer.ofDriver(engine.address(), port, slots, authority, token, listener);
            } catch (IOException e) {
                if (port == 0 || System.nanoTime() - deadlineNs > 0) {
                    throw new UncheckedIOException(
                            "no port for the control channel" + (port == 0 ? "" : ": " + port + " is taken"), e);
                }
                LockSupport.parkNanos(PORT_RETRY_NS);
            }
        }
    }

    /** Returns what the driver before this one has left; nothing if this is the first. */
    static Optional<Handover> handover(Engine engine) {
        return engine.kept().map(kept -> {
            try {
                return Handover.parseFrom(kept);
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("what the driver before this one has left can't be read", e);
            }
        });
    }

    private void keep() {
        if (!patience.isZero()) {
            engine.keep(Handover.newBuilder()
                    .setAuthority(authority.encode())
                    .setToken(token.value())
                    .setPort(server.port())
                    .setWorkers(workers)
                    .setLogs(logs)
                    .build()
                    .toByteArray());
        }
    }

    /** Returns below which number all have been given to workers. */
    synchronized int workers() {
        return workers;
    }

    /** Returns the environment of a worker's process. */
    Map<String, String> worker(JobWorkers.Slot slot) {
        given(slot.number());
        return told(slot, authority.worker(slot.number()));
    }

    private synchronized void given(int worker) {
        if (worker >= workers) {
            workers = worker + 1;
            keep();
        }
    }

    /** Returns the environment of a coordinator's process. */
    Map<String, String> coordinator(JobWorkers.Slot slot) {
        return told(slot, authority.coordinator());
    }

    private Map<String, String> told(JobWorkers.Slot slot, Identity identity) {
        return new WorkerEnvironment(slot.number(), server.address(), identity, token, slot.node(), patience)
                .variables();
    }

    @Override
    public void close() {
        server.close();
    }
}
