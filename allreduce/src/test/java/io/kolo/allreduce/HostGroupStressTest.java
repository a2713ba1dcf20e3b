package io.kolo.allreduce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@link HostGroupStress}, in jcstress's mode {@code -Dkolo.stress=quick} if no other one is given. */
@ExtendWith(Leftovers.class)
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class HostGroupStressTest {
    private static final String MODE = System.getProperty("kolo.stress", "quick");
    private static final long DEADLINE_MIN = 35;

    @TempDir
    private Path folder;

    @Test
    void shouldKeepTheOrderOfStoresInAllWaysOfCompiling() throws IOException, InterruptedException {
        String flags = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--"))
                .collect(Collectors.joining(" "));
        Path log = folder.resolve("log");
        Process jcstress = new ProcessBuilder(List.of(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.openjdk.jcstress.Main",
                        "-t",
                        HostGroupStress.class.getName(),
                        "-m",
                        MODE,
                        "--jvmArgsPrepend", // the other one leaves out that compilers are shaken
                        flags))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertTrue(jcstress.waitFor(DEADLINE_MIN, TimeUnit.MINUTES), () -> "jcstress has not ended: " + jcstress);
        } finally {
            jcstress.descendants().forEach(ProcessHandle::destroyForcibly);
            jcstress.destroyForcibly();
        }
        String output = Files.readString(log, UTF_8);
        assertEquals(0, jcstress.exitValue(), output);
        assertTrue(output.contains("All remaining tests: 4 matching test results"), output); // it may find none
    }
}
