package io.kolo.ray;

import io.kolo.executor.engine.LastLines;
import io.kolo.executor.engine.WorkerHandle;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** A worker's process on a node of the cluster, as its supervisor tells of it. */
final class RemoteWorker implements WorkerHandle {
    private final String name;
    private final SupervisedBundle bundle;
    private final Consumer<String> lines;
    private final LastLines lastLines = new LastLines();
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private volatile long pid;

    RemoteWorker(String name, SupervisedBundle bundle, Consumer<String> lines) {
        this.name = name;
        this.bundle = bundle;
        this.lines = lines;
    }

    /** It has been started. */
    void started(long pid) {
        this.pid = pid;
    }

    /** Returns whether it is a process with this number; as long as it is not known, it may be any. */
    boolean isProcess(long number) {
        return pid == 0 || pid == number;
    }

    void line(String line) {
        lastLines.add(line);
        lines.accept(line);
    }

    void ended(int exitCode) {
        exit.complete(exitCode);
    }

    @Override
    public String description() {
        return "process " + pid;
    }

    /** A supervisor tells of the end only: by then no thread of it runs any more. */
    @Override
    public void onDeath(Runnable dying, Runnable halted) {
        var unused = exit.thenRun(() -> {
            dying.run();
            halted.run();
        });
    }

    @Override
    public void onExit(IntConsumer action) {
        var unused = exit.thenAccept(action::accept);
    }

    @Override
    public OptionalInt exitCode() {
        return exit.isDone() ? OptionalInt.of(exit.join()) : OptionalInt.empty();
    }

    @Override
    public void kill() {
        bundle.kill(name);
    }

    @Override
    public List<String> lastLines() {
        return lastLines.list();
    }

    boolean awaitExit(long timeoutMs) throws InterruptedException {
        try {
            var unused = exit.get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
