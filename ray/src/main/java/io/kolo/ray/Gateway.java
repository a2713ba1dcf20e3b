package io.kolo.ray;

import io.kolo.executor.engine.LastLines;
import io.kolo.ray.node.Frame;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** The driver's end of a {@link io.kolo.ray.gateway.GatewayMain} process: its own, or one of a driver before it. */
final class Gateway implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final DataInputStream answers;
    private final DataOutputStream requests;

    /** The other end's, once it is known. */
    private final CompletableFuture<ProcessHandle> process;

    private final Map<Long, CompletableFuture<Frame>> pending = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong(1);
    private final CompletableFuture<Frame> opened = new CompletableFuture<>();
    private final LastLines lastLines = new LastLines();
    private volatile boolean ended;
    private volatile boolean closed;

    private Gateway(InputStream answers, OutputStream requests, Optional<ProcessHandle> started) {
        this.answers = new DataInputStream(new BufferedInputStream(answers));
        this.requests = new DataOutputStream(new BufferedOutputStream(requests));
        this.process = started.map(CompletableFuture::completedFuture)
                .orElseGet(() -> opened.thenApply(
                        open -> ProcessHandle.of(open.number(1)).orElseThrow()));
        pending.put(0L, opened);
        Thread.ofPlatform().daemon().name("kolo-gateway-answers").start(this::readAnswers);
    }

    /** Starts a process. */
    static Gateway start(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).start();
        Gateway gateway =
                new Gateway(process.getInputStream(), process.getOutputStream(), Optional.of(process.toHandle()));
        Thread.ofPlatform().daemon().name("kolo-gateway-log").start(() -> gateway.readLog(process));
        return gateway;
    }

    /** Connects with the process that a driver before this one has started. */
    static Gateway takeOver(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        return new Gateway(Channels.newInputStream(channel), Channels.newOutputStream(channel), Optional.empty());
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
        try (answers) {
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

    private void readLog(Process process) {
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
        var unused = ask(Frame.of("goodbye"));
        try {
            requests.close();
        } catch (IOException e) {
            // It is gone already.
        }
        if (process.isDone() && !process.isCompletedExceptionally()) {
            awaitEnd(process.join());
        }
    }

    private static void awaitEnd(ProcessHandle process) {
        try {
            var unused = process.onExit().get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            process.destroyForcibly(); // then Ray sees that its driver is gone, and does the same
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
