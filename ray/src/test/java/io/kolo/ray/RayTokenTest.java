package io.kolo.ray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RayTokenTest {
    @TempDir
    private Path home;

    @Test
    void shouldBeWhereRaysToolsLookForItInTheirOrder() throws IOException {
        assertEquals(Optional.empty(), RayToken.header(Map.of(), home));
        Files.writeString(Files.createDirectory(home.resolve(".ray")).resolve("auth_token"), "at home\n");
        assertEquals(Optional.of("Bearer at home"), RayToken.header(Map.of(), home));
        Path named = Files.writeString(home.resolve("named"), "named");
        Map<String, String> path = Map.of("RAY_AUTH_TOKEN_PATH", named.toString());
        assertEquals(Optional.of("Bearer named"), RayToken.header(path, home));
        Map<String, String> both = Map.of("RAY_AUTH_TOKEN_PATH", named.toString(), "RAY_AUTH_TOKEN", "set");
        assertEquals(Optional.of("Bearer set"), RayToken.header(both, home));
    }

    @Test
    void shouldNotBeSentWhereItIsNotWantedAndMissedWhereItIsNamed() {
        assertEquals(
                Optional.empty(), RayToken.header(Map.of("RAY_AUTH_MODE", "disabled", "RAY_AUTH_TOKEN", "set"), home));
        Map<String, String> nowhere =
                Map.of("RAY_AUTH_TOKEN_PATH", home.resolve("nowhere").toString());
        assertThrows(UncheckedIOException.class, () -> RayToken.header(nowhere, home));
    }
}
