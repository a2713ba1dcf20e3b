package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kolo.executor.RayExecutor;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class GigabyteSystemTest {
    private static final int GIBIBYTE = 1 << 30;
    private static final String HEAP = "-Xmx5g";
    private static final long NEEDED_KIB = 14L << 20;

    /** A driver with more memory than that of the tests has. */
    static final class Driver {
        private Driver() {}

        public static void main(String[] args) {
            byte[] captured = new byte[GIBIBYTE];
            Arrays.fill(captured, (byte) 7);
            try (RayExecutor executor =
                    RayExecutor.builder().address("local").jvmArg(HEAP).build()) {
                executor.start();
                long startNs = System.nanoTime();
                byte[] result = executor.run(worker -> {
                            captured[GIBIBYTE - 1]++;
                            return captured;
                        })
                        .getFirst();
                captured[GIBIBYTE - 1]++;
                System.out.println("there and back in " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs)
                        + " ms, equal: " + Arrays.equals(captured, result));
            }
        }
    }

    private static long availableKiB() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemAvailable:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
    }

    @Test
    void shouldPassAGibibyteBothWays() throws Exception {
        assumeTrue(availableKiB() >= NEEDED_KIB, "needs 14 GiB of free memory for two JVMs");
        try (KoloProcess driver = KoloProcess.command(
                ProcessHandle.current().info().command().orElseThrow(),
                HEAP,
                "-cp",
                System.getProperty("java.class.path"),
                Driver.class.getName())) {
            assertEquals(0, driver.await(), () -> "" + driver.lines());
            String last = driver.lines().getLast();
            System.out.println(last);
            assertEquals("equal: true", last.substring(last.indexOf("equal")), last);
        }
    }
}
