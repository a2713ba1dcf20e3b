package io.kolo.allreduce.aeron;

import java.util.concurrent.TimeUnit;
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
    private static final long CLOSE_TIMEOUT_MS = 2000;

    private final AgentInvoker driver;
    private final AgentInvoker client;
    private final ReentrantLock lock = new ReentrantLock();
    private final Thread background;
    private volatile boolean closed;

    DriverDuty(AgentInvoker driver, AgentInvoker client) {
        this.driver = driver;
        this.client = client;
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

    int doWork() {
        return driver.invoke() + client.invoke();
    }

    private void turnInBackground() {
        long parkNs = MIN_PARK_NS;
        while (!closed) {
            int work = 0;
            if (lock.tryLock()) {
                try {
                    work = closed ? 0 : doWork();
                } finally {
                    lock.unlock();
                }
            }
            parkNs = work > 0 ? MIN_PARK_NS : Math.min(2 * parkNs, MAX_PARK_NS);
            LockSupport.parkNanos(parkNs);
        }
    }

    /**
     * Ends both duties: from here on nobody turns the driver, and {@link #enter} throws.
     *
     * @throws IllegalStateException if an operation did not end in time; the driver is in use then
     */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(background);
        try {
            background.join(CLOSE_TIMEOUT_MS);
            if (!lock.tryLock(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("an operation is still under way after " + CLOSE_TIMEOUT_MS + " ms");
            }
            lock.unlock();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
