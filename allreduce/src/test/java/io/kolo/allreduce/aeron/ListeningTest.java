package io.kolo.allreduce.aeron;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ListeningTest {
    @Test
    void shouldComeBackFromItsText() {
        Listening here = new Listening("10.0.0.1:40123", 8960);
        assertEquals(here, Listening.of(here.toString()));
        assertEquals("10.0.0.1", here.host());
        assertEquals("[fd00::1]", new Listening("[fd00::1]:40123", 1472).host());
    }

    @Test
    void shouldSendWhatTheNarrowestLineCarries() {
        assertEquals(
                1472,
                Listening.smallestMtu(List.of(
                        new Listening("10.0.0.1:1", 8960),
                        new Listening("10.0.0.2:1", 1472),
                        new Listening("10.0.0.3:1", 65_504))));
    }

    @Test
    void shouldAskTheInterface() {
        int mtu = Listening.mtuAt("127.0.0.1");
        assertEquals(0, mtu % 32);
        assertEquals(mtu, Listening.mtuAt("127.0.1.2"));
        assertThrows(IllegalStateException.class, () -> Listening.mtuAt("192.0.2.1"));
    }
}
