package io.kolo.executor;

import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.WorkerListener;
import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Progress;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** What happens to a job's workers, in one queue; that one has fallen silent is an event too. */
final class JobEvents implements WorkerListener {
    static final long NO_DEADLINE = Long.MAX_VALUE;

    private static final long LOOK_UP_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private final BlockingQueue<WorkerEvent> queue = new LinkedBlockingQueue<>();
    private final Consumer<io.kolo.executor.Progress> progress;
    private final WorkerWatch watch;
    private volatile IntUnaryOperator rank = IntUnaryOperator.identity();
    private volatile boolean closed;

    JobEvents(Duration heartbeatTimeout, Consumer<io.kolo.executor.Progress> progress) {
        this.watch = new WorkerWatch(heartbeatTimeout, System.nanoTime());
        this.progress = progress;
    }

    @Override
    public void onEvent(WorkerEvent event) {
        if (event instanceof WorkerEvent.Joined joined) {
            watch.heard(joined.slot(), 0, System.nanoTime()); // it may be stopped before its first heartbeat
        }
        queue.add(event);
    }

    @Override
    public void onProgress(int slot, Progress report) {
        progress.accept(new io.kolo.executor.Progress(
                rank.applyAsInt(slot), report.getDone(), report.getTotal(), report.getMetricsMap()));
    }

    @Override
    public void onHeartbeat(int slot, Heartbeat heartbeat) {
        watch.heard(slot, heartbeat.getOperations(), System.nanoTime());
    }

    /**
     * Waits for the next event.
     *
     * @return null at the deadline
     * @throws CancellationException once this is closed
     */
    @Nullable
    WorkerEvent poll(long deadlineNs) throws InterruptedException {
        while (true) {
            long leftNs = deadlineNs == NO_DEADLINE ? LOOK_UP_NS : deadlineNs - System.nanoTime();
            WorkerEvent event = queue.poll(Math.min(leftNs, LOOK_UP_NS), TimeUnit.NANOSECONDS);
            if (closed) {
                throw new CancellationException("the executor was closed");
            }
            if (event != null || leftNs <= 0) {
                return event;
            }
            WorkerEvent silence = watch.silent(System.nanoTime());
            if (silence != null) {
                return silence;
            }
        }
    }

    /** A worker is gone: its silence is no news any more. By the thread that polls. */
    void forget(int slot) {
        watch.forget(slot);
    }

    /** Says what rank a worker has now; in a fixed job its slot. */
    void rankBy(IntUnaryOperator rank) {
        this.rank = rank;
    }

    /** Returns the worker that the others are most likely waiting for, or null if all are equally far. */
    WorkerEvent.@Nullable Stalled laggard() {
        return watch.laggard(System.nanoTime());
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
    }
}
