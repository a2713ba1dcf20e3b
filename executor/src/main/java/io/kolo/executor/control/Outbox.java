package io.kolo.executor.control;

import io.grpc.stub.CallStreamObserver;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The sending half of a stream, for any number of threads. gRPC takes messages without limit and keeps them in memory;
 * so this waits while the receiver has not read what went before.
 *
 * @param <T> the messages
 */
public final class Outbox<T> {
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(30);

    private final CallStreamObserver<T> stream;
    private final String receiver;
    private boolean closed;

    /** Wraps a stream whose on-ready handler calls {@link #wake}; {@code receiver} is the other end's name. */
    Outbox(CallStreamObserver<T> stream, String receiver) {
        this.stream = stream;
        this.receiver = receiver;
    }

    /**
     * Sends a message.
     *
     * @return false if the stream is closed
     * @throws TimeoutException if the receiver reads nothing for 30 s
     * @throws InterruptedException if the thread was interrupted
     */
    public synchronized boolean send(T message) throws TimeoutException, InterruptedException {
        long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        while (!closed && !stream.isReady()) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            if (leftMs <= 0) {
                throw new TimeoutException(receiver + " has read nothing for 30 s");
            }
            wait(leftMs);
        }
        return sendNow(message);
    }

    /** Sends a short message whether or not the receiver keeps up; returns false if the stream is closed. */
    public synchronized boolean sendNow(T message) {
        if (!closed) {
            stream.onNext(message);
        }
        return !closed;
    }

    /** Sends a message that the next one makes stale, unless the receiver has not read what went before. */
    public synchronized void offer(T message) {
        if (!closed && stream.isReady()) {
            stream.onNext(message);
        }
    }

    /** Returns whether somebody is there who has read what went before. */
    synchronized boolean isReady() {
        return !closed && stream.isReady();
    }

    synchronized void wake() {
        notifyAll();
    }

    /** The stream has ended: waiting senders return. */
    public synchronized void closed() {
        closed = true;
        notifyAll();
    }

    /** Ends the stream in good order. */
    public synchronized void complete() {
        if (!closed) {
            closed = true;
            stream.onCompleted();
            notifyAll();
        }
    }
}
