package io.kolo.allreduce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A {@link RankProcess}, as its test sees it: it is told lines, and answers by lines. */
final class RankHandle {
    private static final long DEADLINE_S = 60;

    private final Process process;
    private final PrintWriter input;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private String address = "";

    RankHandle(Path folder) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--"))
                .forEach(command::add);
        command.addAll(List.of(
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                RankProcess.class.getName(),
                folder.toString()));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        input = new PrintWriter(process.getOutputStream(), true, UTF_8);
        BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        Thread.ofVirtual().start(() -> output.lines().forEach(lines::add));
    }

    String address() throws InterruptedException {
        if (address.isEmpty()) {
            address = expect("address").get(1);
        }
        return address;
    }

    void tell(String line) {
        input.println(line);
    }

    List<String> expect(String start) throws InterruptedException {
        String line = lines.poll(DEADLINE_S, TimeUnit.SECONDS);
        assertTrue(line != null && line.startsWith(start), "'" + start + "' was expected, not '" + line + "'");
        return List.of(line.split(" ", -1));
    }

    void awaitState(char state) throws IOException {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        Path file = Path.of("/proc", String.valueOf(process.pid()), "stat");
        while (Files.readString(file).charAt(Files.readString(file).indexOf(')') + 2) != state) {
            assertTrue(System.nanoTime() - deadlineNs < 0, "the process does not come to state " + state);
            Thread.onSpinWait();
        }
    }

    void signal(String signal) throws IOException, InterruptedException {
        String pid = String.valueOf(process.pid());
        assertEquals(0, new ProcessBuilder("kill", signal, pid).start().waitFor());
    }

    void kill() throws InterruptedException {
        assertTrue(process.destroyForcibly().waitFor(DEADLINE_S, TimeUnit.SECONDS), "the process does not end");
    }
}
