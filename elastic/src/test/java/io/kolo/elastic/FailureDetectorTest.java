package io.kolo.elastic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailureDetectorTest {
    private static final int BEATING = 9;
    private static final long MS = 1_000_000;
    private final FailureDetector detector = new FailureDetector(Duration.ofSeconds(3), 0);
    private boolean beating;

    /** Looks ten times a second, and hears another worker each time if that is beating. */
    private List<Integer> lookUntil(long fromMs, long toMs) {
        for (long ms = fromMs; ms < toMs; ms += 100) {
            if (beating) {
                detector.heard(BEATING, ms * MS);
            }
            List<Integer> silent = detector.silent(ms * MS);
            if (!silent.isEmpty()) {
                return silent;
            }
        }
        return List.of();
    }

    @Test
    void shouldNameTheOneThatIsSilent() {
        beating = true;
        detector.heard(1, 0);
        detector.heard(2, 0);
        detector.heard(2, 2000 * MS);
        assertEquals(List.of(), lookUntil(0, 3001));
        assertEquals(List.of(1), lookUntil(3001, 4000));
        assertEquals(List.of(2), lookUntil(4000, 6000), "a second later");
        assertEquals(List.of(), lookUntil(6000, 9000), "said once");
    }

    @Test
    void shouldAccuseNobodyWhenAllAreHeardOfAgainAfterASilence() {
        detector.heard(1, 0);
        detector.heard(2, 0);
        assertEquals(List.of(), lookUntil(0, 3500));
        detector.heard(1, 3500 * MS);
        assertEquals(List.of(), lookUntil(3500, 3600), "what 2 has said is on its way");
        detector.heard(2, 3600 * MS);
        beating = true;
        assertEquals(List.of(1), lookUntil(3600, 6601), "it is silent again, and others are not");
    }

    @Test
    void shouldGiveTwiceTheTimeWhereNobodyIsHeardOf() {
        detector.heard(1, 0);
        detector.heard(2, 0);
        assertEquals(List.of(), lookUntil(0, 6000));
        assertEquals(List.of(1, 2), lookUntil(6000, 6200));
    }

    @Test
    void shouldAccuseNobodyAfterItWasStalledItself() {
        detector.heard(1, 0);
        assertEquals(List.of(), lookUntil(0, 1000));
        beating = true;
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
