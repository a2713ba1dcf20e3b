package io.kolo.elastic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElasticRulesTest {
    private static ElasticRules rules(int least, int most, int resets, long seconds) {
        Duration duration = Duration.ofSeconds(seconds);
        return new ElasticRules(least, most, resets, duration, duration, duration);
    }

    @ParameterizedTest
    @CsvSource({"0, 4, 0, 1", "3, 2, 0, 1", "1, 1, -1, 1", "1, 1, 0, 0", "1, 1, 0, -1"})
    void shouldRefuseWhatNoJobCouldKeepTo(int least, int most, int resets, long seconds) {
        assertThrows(IllegalArgumentException.class, () -> rules(least, most, resets, seconds));
    }

    @Test
    void shouldSayWhatToGive() {
        String message = assertThrows(IllegalArgumentException.class, () -> rules(3, 2, 0, 1))
                .getMessage();
        assertEquals("from 3 to 2 workers: give at least 1, and a maximum that is no less than the minimum", message);
        assertEquals(2, rules(2, 2, 0, 1).maxWorkers());
    }
}
