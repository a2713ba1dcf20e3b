package io.kolo.ray.node;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A worker's process. The other end of its standard input is this JVM's: when that dies, however it does, the worker
 * sees it closed and ends.
 */
final class Child {
    private static final long OUTPUT_TIMEOUT_MS = 500;

    private final Process process;
    private final Thread reader;

    private Child(Process process, Consumer<String> lines) {
        this.process = process;
        this.reader = new Thread(() -> read(lines), "kolo-output");
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts it.
     *
     * @param lines takes its output, line by line
     */
    static Child start(ProcessBuilder command, Consumer<String> lines) throws IOException {
        return new Child(command.redirectErrorStream(true).start(), lines);
    }

    /** Calls {@code exit} with the exit code, after the last line. */
    void onExit(Consumer<Integer> exit) {
        Thread waiter = new Thread(() -> await(exit), "kolo-exit");
        waiter.setDaemon(true);
        waiter.start();
    }

    void awaitEnd(long timeoutMs) throws InterruptedException {
        var unused = process.waitFor(timeoutMs, TimeUnit.MILLISECONDS);
    }

    long pid() {
        return process.pid();
    }

    void kill() {
        process.destroyForcibly();
    }

    private void read(Consumer<String> lines) {
        try (BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.accept(line);
            }
        } catch (IOException e) {
            // The process is gone.
        }
    }

    private void await(Consumer<Integer> exit) {
        try {
            int code = process.waitFor();
            reader.join(OUTPUT_TIMEOUT_MS); // a child that the worker left behind may hold the pipe open
            exit.accept(code);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts it
        }
    }
}
