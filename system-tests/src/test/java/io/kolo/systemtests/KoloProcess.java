package io.kolo.systemtests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The command line as a user starts it. Standard error and output come as one. */
final class KoloProcess implements AutoCloseable {
    private static final long DEADLINE_S = 300;

    private final Process process;
    private final BufferedReader output;
    private final List<String> lines = new ArrayList<>();
    private final Thread watchdog;
    private volatile boolean late;

    private KoloProcess(List<String> command, Map<String, String> environment) {
        List<String> heedingInterrupts =
                new ArrayList<>(List.of("env", "--default-signal=INT")); // a shell's & has it ignored
        heedingInterrupts.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(heedingInterrupts)
                .directory(Repository.root().toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        output = process.inputReader(StandardCharsets.UTF_8);
        watchdog = Thread.ofVirtual().start(this::endAtTheDeadline);
    }

    /** A reader can't be interrupted; what it reads from can be ended. */
    private void endAtTheDeadline() {
        try {
            if (!process.waitFor(DEADLINE_S, TimeUnit.SECONDS)) {
                late = true;
                destroy();
            }
        } catch (InterruptedException e) {
            // The test is over.
        }
    }

    static KoloProcess start(String... args) {
        return start(Map.of(), args);
    }

    static KoloProcess start(Map<String, String> environment, String... args) {
        List<String> command =
                new ArrayList<>(List.of(Repository.root().resolve("kolo").toString()));
        command.addAll(List.of(args));
        return new KoloProcess(command, environment);
    }

    /** Starts any command: {@code start} with a session of its own, say, so that its group can be sent a signal. */
    static KoloProcess command(String... command) {
        return new KoloProcess(List.of(command), Map.of());
    }

    /** Reads on until each of the texts has been in a line, in whatever order. */
    void awaitLines(String... texts) {
        List<String> missing = new ArrayList<>(List.of(texts));
        try {
            while (!missing.isEmpty()) {
                String line = output.readLine();
                if (line == null) {
                    throw new AssertionError("no line with " + missing + " in " + lines);
                }
                lines.add(line);
                missing.removeIf(line::contains);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** Reads the rest and returns the exit code. */
    int await() throws InterruptedException {
        output.lines().forEach(lines::add);
        int exitCode = process.waitFor();
        if (late) {
            throw new AssertionError("still running after " + DEADLINE_S + " s: " + lines);
        }
        return exitCode;
    }

    /** Returns the name of the job that it has submitted, and follows. */
    String job() {
        String told = lines.stream()
                .filter(line -> line.startsWith("job "))
                .findFirst()
                .orElseThrow();
        return told.substring("job ".length(), told.indexOf(';'));
    }

    List<String> lines() {
        return lines;
    }

    @Override
    public void close() {
        watchdog.interrupt();
        destroy();
    }

    private void destroy() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
