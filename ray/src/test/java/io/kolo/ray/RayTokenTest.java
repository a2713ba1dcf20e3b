package io.kolo.ray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RayTokenTest {
    @TempDir
    private Path home;

    @Test
    void shouldBeWhereRaysToolsLookForItInTheirOrder() throws IOException {
        assertThrows(IllegalArgumentException.class, () -> RayToken.header(wanted(Map.of()), home));
        Files.writeString(Files.createDirectory(home.resolve(".ray")).resolve("auth_token"), "at-home\n");
        assertEquals(Optional.of("Bearer at-home"), RayToken.header(wanted(Map.of()), home));
        Path named = Files.writeString(home.resolve("named"), "named");
        Map<String, String> path = Map.of("RAY_AUTH_TOKEN_PATH", named.toString());
        assertEquals(Optional.of("Bearer named"), RayToken.header(wanted(path), home));
        Map<String, String> both = Map.of("RAY_AUTH_TOKEN_PATH", named.toString(), "RAY_AUTH_TOKEN", "set");
        assertEquals(Optional.of("Bearer set"), RayToken.header(wanted(both), home));
    }

    @Test
    void shouldNotBeSentWhereItIsNotWanted() {
        assertEquals(Optional.empty(), RayToken.header(Map.of("RAY_AUTH_TOKEN", "set"), home));
        Map<String, String> disabled = Map.of("RAY_AUTH_MODE", "disabled", "RAY_AUTH_TOKEN", "set");
        assertEquals(Optional.empty(), RayToken.header(disabled, home));
    }

    @Test
    void shouldNotShowWhatIsNoToken() {
        Map<String, String> key = wanted(Map.of("RAY_AUTH_TOKEN", "BEGIN KEY\nsecret"));
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> RayToken.header(key, home));
        assertEquals("what RAY_AUTH_TOKEN has is no token", error.getMessage());
    }

    private static Map<String, String> wanted(Map<String, String> environment) {
        Map<String, String> wanted = new HashMap<>(environment);
        wanted.put("RAY_AUTH_MODE", "token");
        return wanted;
    }
}
