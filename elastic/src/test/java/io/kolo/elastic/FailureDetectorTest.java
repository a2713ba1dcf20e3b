package io.kolo.elastic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailureDetectorTest {
    private static final long MS = 1_000_000;
    private final FailureDetector detector = new FailureDetector(Duration.ofSeconds(3), 0);

    private List<Integer> lookUntil(long fromMs, long toMs) {
        for (long ms = fromMs; ms < toMs; ms += 100) {
            List<Integer> silent = detector.silent(ms * MS);
            if (!silent.isEmpty()) {
                return silent;
            }
        }
        return List.of();
    }

    @Test
    void shouldNameTheOneThatIsSilent() {
        detector.heard(1, 0);
        detector.heard(2, 0);
        detector.heard(2, 2000 * MS);
        assertEquals(List.of(), lookUntil(0, 3001));
        assertEquals(List.of(1), lookUntil(3001, 4000));
        assertEquals(List.of(2), lookUntil(4000, 6000), "a second later");
        assertEquals(List.of(), lookUntil(6000, 9000), "said once");
    }

    @Test
    void shouldAccuseNobodyAfterItWasStalledItself() {
        detector.heard(1, 0);
        assertEquals(List.of(), lookUntil(0, 1000));
        assertEquals(List.of(), lookUntil(9000, 12_000));
        assertEquals(List.of(1), lookUntil(12_000, 13_000));
    }

    @Test
    void shouldNotAccuseWhomItHasForgotten() {
        detector.heard(1, 0);
        detector.forget(1);
        assertEquals(List.of(), lookUntil(0, 9000));
    }
}
