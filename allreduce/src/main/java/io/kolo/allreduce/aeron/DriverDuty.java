package io.kolo.allreduce.aeron;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.agrona.concurrent.AgentInvoker;

/**
 * Who turns the embedded driver: the rank's thread from {@link #enter} to {@link #leave}, a background thread the rest
 * of the time, so that a rank that computes still acknowledges, and still sends the end of what it left behind.
 */
final class DriverDuty implements AutoCloseable {
    private static final int FLUSH_ROUNDS = 64;
    private static final long MAX_PARK_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long MIN_PARK_NS = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long CLOSE_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);

    private final AgentInvoker driver;
    private final AgentInvoker client;
    private final AtomicReference<Throwable> fault;
    private final ReentrantLock lock = new ReentrantLock();
    private final Thread background;
    private volatile boolean closed;

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
        lock.lock();
        if (closed) {
            lock.unlock();
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
            lock.unlock();
        }
    }

    /**
     * Does a slice of the driver's and the client's work.
     *
     * @throws IllegalStateException if the client has ended by itself
     */
    int doWork() {
        int work = driver.invoke() + client.invoke();
        if (client.isClosed() && !closed) {
            throw new IllegalStateException("this rank's Aeron client has ended", fault.get());
        }
        return work;
    }

    private void turnInBackground() {
        long parkNs = MIN_PARK_NS;
        while (!closed) {
            int work = 0;
            if (lock.tryLock()) {
                try {
                    work = closed ? 0 : doWork();
                } catch (IllegalStateException e) {
                    return; // the next operation throws it
                } finally {
                    lock.unlock();
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
        closed = true;
        LockSupport.unpark(background);
        long deadlineNs = System.nanoTime() + CLOSE_TIMEOUT_NS;
        boolean interrupted = false;
        boolean free = false;
        while (!free && System.nanoTime() - deadlineNs < 0) {
            try {
                free = lock.tryLock(CLOSE_TIMEOUT_NS, TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!free) {
            throw new IllegalStateException(
                    "an operation is still under way after " + TimeUnit.NANOSECONDS.toMillis(CLOSE_TIMEOUT_NS) + " ms");
        }
        lock.unlock(); // the background thread, too, sees under the lock that all is over
    }
}
