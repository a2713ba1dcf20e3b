package io.kolo.executor.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** In a process of its own: the compilers of this one are not to be slowed down for the tests that follow. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "threads have a nice value of their own on Linux alone")
class CompilersTest {
    private static final int NICE = 19; // of the fields of proc(5)'s stat, counted from 1

    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES)
    void shouldHaveTheCompilersAloneGiveWay() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CompilersTest.class.getName())
                .redirectErrorStream(true)
                .start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), UTF_8)
                .lines()
                .toList();
        assertEquals(0, process.waitFor(), lines.toString());
        assertTrue(lines.stream().anyMatch(CompilersTest::isOfCompiler), lines.toString());
        assertTrue(lines.stream().anyMatch(line -> !isOfCompiler(line)), lines.toString());
        for (String line : lines) {
            assertEquals(isOfCompiler(line), line.endsWith(" 10"), line);
        }
    }

    private static boolean isOfCompiler(String line) {
        return line.contains("CompilerThre");
    }

    /** Prints each thread's name and nice value, a line a thread. */
    public static void main(String[] args) throws IOException {
        Compilers.settle();
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            for (Path thread : threads.toList()) {
                String stat = Files.readString(thread.resolve("stat"));
                String name = stat.substring(stat.indexOf('('), stat.lastIndexOf(')') + 1);
                String[] after = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
                System.out.println(name + " " + after[NICE - 3]); // the third field is the first after the name
            }
        }
    }
}
