package io.kolo.executor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kolo.executor.engine.Placed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RecruiterTest {
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    /** More than the cooldown with its jitter. */
    private static final long COOL_NS = 2 * SECOND_NS;

    private List<Placed> room = slots("a", "a", "b");
    private final Recruiter recruiter = new Recruiter(() -> room, 3, Duration.ofSeconds(1));
    private long nowNs;

    private static List<Placed> slots(String... nodes) {
        Map<String, Integer> onNode = new HashMap<>();
        return List.of(nodes).stream()
                .map(node -> new Placed(onNode.merge(node, 1, Integer::sum), node, List.of()))
                .toList();
    }

    /** Returns where workers are launched now, as {@code 3 on a}. */
    private List<String> launched() {
        List<String> launched = new ArrayList<>();
        recruiter.launch((worker, placed) -> launched.add(worker + " on " + placed.node()), nowNs);
        return launched;
    }

    @Test
    void shouldFillTheFirstPlacesAndNoMoreThanAreWanted() {
        room = slots("a", "a", "b", "b", "b");
        assertEquals(List.of("0 on a", "1 on a", "2 on b"), launched());
        assertEquals(List.of(), launched());
        assertEquals(Set.of(0, 1, 2), recruiter.coming());
        recruiter.joined(1);
        assertEquals(Set.of(0, 2), recruiter.coming());
    }

    @Test
    void shouldGoOnWithTheWorkersOfAnotherDriver() {
        recruiter.takeOver(Map.of(4, room.get(0), 7, room.get(2)), 9, nowNs);
        assertEquals(Set.of(4, 7), recruiter.coming());
        assertEquals(List.of("9 on a"), launched());
        recruiter.joined(4);
        recruiter.joined(7);
        assertEquals(Set.of(9), recruiter.coming());
        assertEquals(List.of(), launched());
    }

    @Test
    void shouldReplaceAtOnceAfterTheFirstLossAndLaterAfterTheSecond() {
        launched();
        recruiter.gone(1, true, nowNs);
        assertEquals(List.of("3 on a"), launched());
        recruiter.gone(3, true, nowNs);
        assertEquals(List.of(), launched());
        nowNs += COOL_NS;
        assertEquals(List.of("4 on a"), launched());
    }

    @Test
    void shouldBlameAPlaceForWhoIsLostButNotForWhoLeft() {
        launched();
        for (int worker = 1; worker < 10; worker = worker == 1 ? 3 : worker + 1) {
            recruiter.gone(worker, false, nowNs);
            assertEquals(1, launched().size());
        }
    }

    @Test
    void shouldBlameANodeThatHasLostAllItsWorkers() {
        launched();
        recruiter.gone(0, true, nowNs);
        recruiter.gone(1, true, nowNs);
        assertEquals(List.of("3 on a", "4 on a"), launched());
        room = slots("a", "a", "a", "b");
        recruiter.gone(3, true, nowNs);
        assertEquals(List.of("5 on a"), launched(), "another place of the same node");
        recruiter.gone(4, true, nowNs);
        recruiter.gone(5, true, nowNs);
        assertEquals(List.of(), launched(), "the node as a whole");
        nowNs += COOL_NS;
        assertEquals(List.of("6 on a", "7 on a"), launched());
    }

    @Test
    void shouldFollowTheRoomThatThereIs() {
        room = slots("a");
        assertEquals(List.of("0 on a"), launched());
        room = slots("b", "a", "c");
        assertEquals(List.of("1 on b", "2 on c"), launched());
        room = slots("b");
        assertEquals(List.of(0, 2), recruiter.displaced());
        recruiter.gone(0, false, nowNs);
        assertEquals(List.of(2), recruiter.displaced());
        assertEquals(List.of(), launched());
    }

    @Test
    void shouldLaunchAnotherWhereThereIsRoomBeforeOneHasLeft() {
        launched();
        room = slots("a", "a", "c");
        assertEquals(List.of("3 on c"), launched());
        recruiter.leaves(0);
        assertEquals(List.of(), launched(), "its place is not free yet");
        recruiter.gone(0, false, nowNs);
        assertEquals(List.of("4 on a"), launched());
    }

    @Test
    void shouldNameThoseThatDoNotCome() {
        launched();
        recruiter.joined(1);
        assertEquals(List.of(), recruiter.overdue(Duration.ofSeconds(2), nowNs + COOL_NS));
        assertEquals(List.of(0, 2), recruiter.overdue(Duration.ofSeconds(2), nowNs + COOL_NS + 1));
    }

    @Test
    void shouldLaunchNobodyOnANodeThatIsToBeTakenAway() {
        launched();
        recruiter.avoid("a");
        recruiter.gone(0, false, nowNs);
        recruiter.gone(2, true, nowNs);
        assertEquals(List.of("3 on b"), launched());
    }
}
