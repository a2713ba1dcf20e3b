package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Leftovers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Jazzer on what decodes bytes of others, ten seconds each, or {@code -Dkolo.fuzz}; what it finds, it prints with its
 * input.
 */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class FuzzSystemTest {
    private static final int SECONDS = Integer.getInteger("kolo.fuzz", 10);

    @ParameterizedTest
    @ValueSource(strings = {"io.kolo.allreduce.ChunkFuzz", "io.kolo.executor.control.MessageFuzz"})
    void shouldTakeAnyBytesWhatever(String target, @TempDir Path folder) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
                "-XX:+EnableDynamicAgentLoading",
                "-cp",
                System.getProperty("java.class.path"),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target,
                "--instrumentation_includes=io.kolo.**",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + SECONDS));
        try (KoloProcess jazzer = KoloProcess.command(command.toArray(String[]::new))) {
            assertEquals(0, jazzer.await(), () -> String.join("\n", jazzer.lines()));
            String last = jazzer.lines().getLast();
            System.out.println(target + ": " + last);
            assertTrue(last.matches("Done \\d+ runs in \\d+ second.*"), last);
        }
    }
}
