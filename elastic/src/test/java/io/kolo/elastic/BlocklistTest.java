package io.kolo.elastic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BlocklistTest {
    private static final long SECOND = 1_000_000_000L;
    private final Blocklist blocklist = new Blocklist(Duration.ofSeconds(1), 42);

    @Test
    void shouldGiveAPlaceAnotherWorkerAtOnceAfterItsFirstLoss() {
        assertEquals(0, blocklist.lost("a", SECOND));
        assertTrue(blocklist.admits("a", SECOND));
        assertTrue(blocklist.admits("b", SECOND));
    }

    @Test
    void shouldCoolTwiceAsLongAfterEachFurtherLossUpToALimit() {
        blocklist.lost("a", 0);
        for (int doubling = 0; doubling < 20; doubling++) {
            long least = SECOND << Math.min(doubling, 5);
            long coolNs = blocklist.lost("a", 0);
            assertTrue(coolNs >= least && coolNs <= least * 1.25, coolNs + " after " + (doubling + 2) + " losses");
            assertFalse(blocklist.admits("a", coolNs - 1));
            assertTrue(blocklist.admits("a", coolNs), "it ends");
        }
    }
}
