package io.kolo.executor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class DiscoveryScriptTest {
    @TempDir
    private Path folder;

    private Path script(String... lines) throws IOException {
        Path script = Files.writeString(folder.resolve("discover"), "#!/bin/sh\n" + String.join("\n", lines) + "\n");
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    }

    private static Map<String, Integer> ask(Path script) throws Exception {
        return HostDiscovery.script(script).hosts();
    }

    @Test
    void shouldReadHostsAndSlotsInTheirOrder() throws Exception {
        Map<String, Integer> hosts = ask(script("echo node-b:4", "echo", "echo '  10.0.0.7 '", "echo node-a:0"));
        assertEquals(Map.of("node-b", 4, "10.0.0.7", 1, "node-a", 0), hosts);
        assertEquals(List.of("node-b", "10.0.0.7", "node-a"), List.copyOf(hosts.keySet()));
    }

    @Test
    void shouldKnowNoHostIfNoneIsWritten() throws Exception {
        assertEquals(Map.of(), ask(script("exit 0")));
    }

    @Test
    void shouldSayWhatIsWrongWithALine() throws Exception {
        Path script = script("echo node-a:many");
        IOException error = assertThrows(IOException.class, () -> ask(script));
        assertTrue(error.toString().contains("wrote 'node-a:many': each line has to be such as node-1:4"));
    }

    @Test
    void shouldSayHowItFailed() throws Exception {
        Path script = script("echo node-a:1", "echo 'no credentials' >&2", "exit 3");
        IOException error = assertThrows(IOException.class, () -> ask(script));
        assertTrue(error.toString().contains("ended with exit code 3: no credentials"), error.toString());
    }

    @Test
    void shouldEndOneThatTakesTooLongWithAllItHasStarted() throws Exception {
        Path script = script("sleep 1000 &", "echo $! > " + folder.resolve("pid"), "wait");
        DiscoveryScript discovery = new DiscoveryScript(script, Duration.ofMillis(500));
        IOException error = assertThrows(IOException.class, discovery::hosts);
        assertTrue(error.toString().contains("took longer than 500 ms"), error.toString());
        if (Files.exists(folder.resolve("pid"))) { // a slow machine may not have come so far
            long pid = Long.parseLong(Files.readString(folder.resolve("pid")).strip());
            ProcessHandle.of(pid).ifPresent(child -> child.onExit().join());
        }
    }

    @Test
    void shouldRefuseAFileThatCannotBeExecuted() throws IOException {
        Path file = Files.writeString(folder.resolve("hosts"), "node-a:1\n");
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> HostDiscovery.script(file));
        assertTrue(error.toString().contains("cannot be executed: give a file that can (chmod +x)"));
    }
}
