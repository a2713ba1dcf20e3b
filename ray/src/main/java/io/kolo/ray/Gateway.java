package io.kolo.ray;

import io.kolo.executor.engine.LastLines;
import io.kolo.ray.node.Frame;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** The driver's end of a {@link io.kolo.ray.gateway.GatewayMain} process. */
final class Gateway implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final Process process;
    private final DataOutputStream requests;
    private final Map<Long, CompletableFuture<Frame>> pending = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong(1);
    private final CompletableFuture<Frame> opened = new CompletableFuture<>();
    private final LastLines lastLines = new LastLines();
    private volatile boolean ended;
    private volatile boolean closed;

    /** Starts a process. */
    Gateway(List<String> command) throws IOException {
        pending.put(0L, opened);
        this.process = new ProcessBuilder(command).start();
        this.requests = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
        Thread.ofPlatform().daemon().name("kolo-gateway-answers").start(this::readAnswers);
        Thread.ofPlatform().daemon().name("kolo-gateway-log").start(this::readLog);
    }

    /**
     * Waits until it is connected with the cluster.
     *
     * @throws IllegalStateException if it is not in time, or ends
     */
    void awaitOpen(Duration timeout) {
        var unused = await(opened, timeout, "the gateway to connect with the Ray cluster");
    }

    /** Asks for something; an answer {@code failed} fails the future. */
    CompletableFuture<Frame> ask(Frame request) {
        CompletableFuture<Frame> answer = new CompletableFuture<>();
        long number = numbers.getAndIncrement();
        pending.put(number, answer);
        try {
            synchronized (requests) {
                Frame.of(String.valueOf(number), request.encode()).write(requests);
                requests.flush();
            }
        } catch (IOException e) {
            fail("it does not listen any more");
        }
        if (ended) {
            fail("it has ended");
        }
        return answer;
    }

    /**
     * Asks for something, and waits for the answer.
     *
     * @param what is waited for, for the message
     * @throws IllegalStateException if it can't be done, or not in time
     */
    Frame ask(Frame request, Duration timeout, String what) {
        return await(ask(request), timeout, what);
    }

    private Frame await(CompletableFuture<Frame> answer, Duration timeout, String what) {
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException("waited " + timeout.toMillis() + " ms for " + what, e);
        } catch (ExecutionException e) {
            if (closed) {
                throw new CancellationException("the executor was closed");
            }
            Throwable cause = e.getCause();
            throw new IllegalStateException(what + ": " + (cause == null ? e : cause).getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while it waited for " + what);
        }
    }

    private void readAnswers() {
        try (DataInputStream answers = new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
            while (true) {
                Frame frame = Frame.read(answers);
                Frame answer = Frame.decode(frame.bytes(1));
                CompletableFuture<Frame> asked = pending.remove(frame.number(0));
                if (asked != null && answer.word().equals("failed")) {
                    asked.completeExceptionally(new IllegalStateException(answer.text(1)));
                } else if (asked != null) {
                    asked.complete(answer);
                }
            }
        } catch (IOException | RuntimeException e) {
            ended = true;
            fail("its process has ended, or what it says is not understood");
        }
    }

    private void fail(String why) {
        List<String> lines = lastLines.list();
        String text = "the gateway to Ray is gone: " + why
                + (lines.isEmpty() ? "" : "; its last lines:\n  " + String.join("\n  ", lines));
        pending.values().removeIf(answer -> answer.completeExceptionally(new IllegalStateException(text)));
    }

    private void readLog() {
        try (BufferedReader log = process.errorReader()) {
            for (String line = log.readLine(); line != null; line = log.readLine()) {
                lastLines.add(line);
            }
        } catch (IOException e) {
            // It is gone.
        }
    }

    /** Returns whether what it had on the cluster is given back on purpose. */
    boolean isClosed() {
        return closed;
    }

    /** Has it give back what it has on the cluster, and end. */
    @Override
    public void close() {
        closed = true;
        try {
            requests.close();
        } catch (IOException e) {
            // It is gone already.
        }
        try {
            if (!process.waitFor(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly(); // then Ray sees that its driver is gone, and does the same
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
