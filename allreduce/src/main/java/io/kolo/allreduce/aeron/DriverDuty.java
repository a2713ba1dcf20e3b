package io.kolo.allreduce.aeron;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.agrona.concurrent.AgentInvoker;

/**
 * Who turns the embedded driver: the threads of operations, from {@link #enter} to {@link #leave}, whichever comes
 * along; while there are none a background thread, so that a rank that computes still acknowledges, and still sends the
 * end of what it left behind. Nobody waits for a turn: who finds another one at it goes on with its own work.
 */
final class DriverDuty implements AutoCloseable {
    private static final int FLUSH_ROUNDS = 64;
    private static final long MAX_PARK_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long MIN_PARK_NS = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long CLOSE_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);

    private final AgentInvoker driver;
    private final AgentInvoker client;
    private final AtomicReference<Throwable> fault;
    private final AtomicBoolean turning = new AtomicBoolean();
    private final AtomicInteger inside = new AtomicInteger();
    private final Thread background;
    private volatile boolean closed;
    private boolean ended;

    /** Takes who to turn, and where the client leaves its last error. */
    DriverDuty(AgentInvoker driver, AgentInvoker client, AtomicReference<Throwable> fault) {
        this.driver = driver;
        this.client = client;
        this.fault = fault;
        this.background = Thread.ofPlatform().daemon().name("kolo-aeron").unstarted(this::turnInBackground);
    }

    void startBackground() {
        background.start();
    }

    void enter() {
        inside.incrementAndGet();
        if (closed) {
            inside.decrementAndGet();
            throw new IllegalStateException("this endpoint is closed");
        }
    }

    /** Sends what the last operation left in the term buffer, as far as the neighbour has room. */
    void leave() {
        try {
            for (int i = 0; i < FLUSH_ROUNDS && doWork() > 0; i++) {
                Thread.onSpinWait();
            }
        } finally {
            inside.decrementAndGet();
        }
    }

    /**
     * Does a slice of the driver's and the client's work, unless another thread is at it.
     *
     * @throws IllegalStateException if the client has ended by itself
     */
    int doWork() {
        if (!turning.compareAndSet(false, true)) {
            return 0;
        }
        try {
            int work = driver.invoke() + client.invoke();
            if (client.isClosed() && !closed) {
                throw new IllegalStateException("this rank's Aeron client has ended", fault.get());
            }
            return work;
        } finally {
            turning.set(false);
        }
    }

    /** Does, once nobody turns the driver, what turns it itself: adding to the client and taking from it. */
    <T> T alone(Supplier<T> action) {
        enter();
        try {
            while (!turning.compareAndSet(false, true)) {
                Thread.onSpinWait();
            }
            try {
                return action.get();
            } finally {
                turning.set(false);
            }
        } finally {
            inside.decrementAndGet();
        }
    }

    boolean isClosed() {
        return closed;
    }

    private void turnInBackground() {
        long parkNs = MIN_PARK_NS;
        while (!closed) {
            int work = 0;
            if (inside.get() == 0) {
                try {
                    work = doWork();
                } catch (IllegalStateException e) {
                    return; // the next operation throws it
                }
            }
            parkNs = work > 0 ? MIN_PARK_NS : Math.min(2 * parkNs, MAX_PARK_NS);
            LockSupport.parkNanos(parkNs);
        }
    }

    /**
     * Ends both duties: from here on nobody turns the driver, and {@link #enter} throws. It waits also where the thread
     * is interrupted: what comes next unmaps the memory that an operation may be using.
     *
     * @throws IllegalStateException if an operation did not end in time; the driver is in use then
     */
    @Override
    public void close() {
        if (ended) {
            return;
        }
        closed = true;
        LockSupport.unpark(background);
        long deadlineNs = System.nanoTime() + CLOSE_TIMEOUT_NS;
        while (inside.get() > 0 || !turning.compareAndSet(false, true)) { // and the turn is never given back
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException("an operation is still under way after "
                        + TimeUnit.NANOSECONDS.toMillis(CLOSE_TIMEOUT_NS) + " ms");
            }
            Thread.onSpinWait();
            LockSupport.parkNanos(MIN_PARK_NS); // returns at once where the thread is interrupted
        }
        ended = true;
    }
}
