package io.kolo.executor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
    @Test
    void shouldTakeRayAddressOnlyForAuto() {
        Map<String, String> cluster = Map.of("RAY_ADDRESS", "10.0.0.1:6379");
        assertEquals("10.0.0.1:6379", Address.resolve("auto", cluster));
        assertEquals("local", Address.resolve("local", cluster));
        assertEquals("10.0.0.2:1", Address.resolve("10.0.0.2:1", cluster));
    }

    @Test
    void shouldBeLocalWithoutRayAddress() {
        assertEquals("local", Address.resolve("auto", Map.of()));
        assertEquals("local", Address.resolve("auto", Map.of("RAY_ADDRESS", " ")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ray", "http://head:8265", "head:", "head:port", ":6379"})
    void shouldRefuseWhatIsNoAddress(String address) {
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> Address.resolve(address, Map.of()));
        assertTrue(error.toString().contains("use auto, local or HOST:PORT"), error.toString());
    }
}
