package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class AbortTest {
    private static CollectiveException roundTrip(CollectiveException failure, int maxLength) {
        byte[] bytes = Abort.write(failure, maxLength);
        assertTrue(bytes.length <= maxLength);
        return Abort.read(MemorySegment.ofArray(bytes), 0, bytes.length);
    }

    @Test
    void shouldKeepKindRanksAndMessage() {
        CollectiveMismatchException mismatch = assertInstanceOf(
                CollectiveMismatchException.class, roundTrip(new CollectiveMismatchException("10 and 12", 3, 4), 1024));
        assertEquals(3, mismatch.leftRank());
        assertEquals(4, mismatch.rightRank());
        assertEquals("10 and 12", mismatch.getMessage());
        assertEquals(
                7,
                assertInstanceOf(
                                CollectiveTimeoutException.class,
                                roundTrip(new CollectiveTimeoutException("", 7), 1024))
                        .awaitedRank());
        assertEquals(
                9,
                assertInstanceOf(
                                CollectiveAbortedException.class,
                                roundTrip(new CollectiveAbortedException("lost", 9), 1024))
                        .culprit());
    }

    @Test
    void shouldCutAMessageThatIsTooLong() {
        assertEquals(
                "abcd",
                roundTrip(new CollectiveAbortedException("abcdefgh", 1), 16).getMessage());
    }

    @Test
    void shouldNotReadBeyondAChunkThatIsTooShort() {
        CollectiveException error = Abort.read(MemorySegment.ofArray(new byte[5]), 0, 5);
        assertTrue(error.getMessage().contains("5 bytes"), error.getMessage());
    }
}
