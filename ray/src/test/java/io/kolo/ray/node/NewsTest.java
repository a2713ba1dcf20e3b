package io.kolo.ray.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class NewsTest {
    private final News news = new News(2);

    private static List<String> words(Frame answer) {
        return IntStream.range(2, answer.size())
                .mapToObj(field -> Frame.decode(answer.bytes(field)).word())
                .toList();
    }

    @Test
    void shouldTellEventsAgainUntilTheDriverHasThem() throws InterruptedException {
        news.put(Frame.of("one"));
        news.put(Frame.of("two"));
        assertEquals(List.of("one", "two"), words(news.after(0, 0)));
        Frame again = news.after(0, 0);
        assertEquals(0, again.number(1));
        assertEquals(List.of("one", "two"), words(again));
        Frame rest = news.after(1, 0);
        assertEquals(1, rest.number(1));
        assertEquals(List.of("two"), words(rest));
        assertEquals(List.of(), words(news.after(2, 10)));
        Frame old = news.after(0, 0); // asked by a driver that has gone since
        assertEquals(2, old.number(1));
        assertEquals(List.of(), words(old));
    }

    @Test
    void shouldHaveWhoTellsMoreThanItKeepsWait() throws InterruptedException {
        news.put(Frame.of("one"));
        news.put(Frame.of("two"));
        Thread third = Thread.ofPlatform().start(() -> {
            try {
                news.put(Frame.of("three"));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        while (third.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertTrue(third.isAlive());
        assertEquals(List.of("two"), words(news.after(1, 0)));
        third.join();
        assertFalse(third.isAlive());
        assertEquals(List.of("two", "three"), words(news.after(1, 0)));
    }
}
