package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SegmentsTest {
    @Test
    void shouldCoverEachElementOnceWhateverTheCut() {
        Segments segments = new Segments();
        for (int count = 0; count <= 40; count++) {
            for (int size = 1; size <= 6; size++) {
                for (int chunk = 1; chunk <= 7; chunk++) {
                    segments.cut(count, size, chunk);
                    long next = 0;
                    for (int segment = 0; segment < size; segment++) {
                        for (int i = 0; i < segments.chunksPerSegment(); i++) {
                            assertEquals(next, segments.offset(segment, i), count + " in " + size + " by " + chunk);
                            next += segments.length(segment, i);
                        }
                    }
                    assertEquals(count, next, count + " in " + size + " by " + chunk);
                }
            }
        }
    }

    @Test
    void shouldCutTenInThreeAsFourThreeThree() {
        Segments segments = new Segments();
        segments.cut(10, 3, 3);
        assertEquals(2, segments.chunksPerSegment());
        assertEquals(3, segments.length(0, 0));
        assertEquals(1, segments.length(0, 1));
        assertEquals(3, segments.length(1, 0));
        assertEquals(0, segments.length(1, 1));
        assertEquals(7, segments.offset(2, 0));
        assertEquals(0, segments.length(Segments.NOTHING, 0));
    }

    @Test
    void shouldHoldBuffersBeyondTwoGigabytes() {
        Segments segments = new Segments();
        segments.cut(1L << 40, 3, 16_352);
        assertEquals((1L << 40) / 3 * 2 + 1, segments.offset(2, 0));
    }
}
