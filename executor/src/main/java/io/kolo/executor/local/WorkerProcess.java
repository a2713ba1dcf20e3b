package io.kolo.executor.local;

import io.kolo.executor.engine.LastLines;
import io.kolo.executor.engine.WorkerHandle;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** One worker JVM: its output line by line, and its end. */
final class WorkerProcess implements WorkerHandle {
    private static final long OUTPUT_TIMEOUT_MS = 500;

    private final Process process;
    private final DeathWatch deaths;
    private final Thread reader;
    private final LastLines lastLines = new LastLines();

    WorkerProcess(Process process, String name, Consumer<String> lines, DeathWatch deaths) {
        this.process = process;
        this.deaths = deaths;
        this.reader = Thread.ofPlatform().daemon().name("kolo-output-" + name).start(() -> read(lines));
    }

    @Override
    public String description() {
        return "process " + process.pid();
    }

    @Override
    public void onDeath(Runnable dying, Runnable halted) {
        deaths.watch(process.pid(), dying, halted);
    }

    @Override
    public void onExit(IntConsumer action) {
        var unused = process.onExit().thenAccept(gone -> {
            joinReader();
            action.accept(gone.exitValue());
        });
    }

    @Override
    public OptionalInt exitCode() {
        return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
    }

    @Override
    public List<String> lastLines() {
        return lastLines.list();
    }

    @Override
    public void kill() {
        process.destroyForcibly();
    }

    private void joinReader() {
        try {
            reader.join(OUTPUT_TIMEOUT_MS); // a child that the worker left behind may hold the pipe open
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void read(Consumer<String> lines) {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lastLines.add(line);
                lines.accept(line);
            }
        } catch (IOException e) {
            // The process is gone.
        }
    }

    /** Waits for the end, and for the last lines of its output to be through. */
    boolean awaitExit(long timeoutMs) throws InterruptedException {
        boolean ended = process.waitFor(timeoutMs, TimeUnit.MILLISECONDS);
        if (ended) {
            joinReader();
        }
        return ended;
    }
}
