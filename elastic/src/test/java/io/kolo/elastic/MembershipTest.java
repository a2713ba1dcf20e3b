package io.kolo.elastic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The usual courses, step by step; the unusual ones are the simulation's. */
class MembershipTest {
    private static final long MS = 1_000_000;
    private static final ElasticRules RULES =
            new ElasticRules(2, 4, 2, Duration.ofSeconds(60), Duration.ofSeconds(3), Duration.ofSeconds(10));

    private final Lineage lineage = new Lineage(List.of());
    private final Membership membership = new Membership(RULES, lineage, 0);
    private final Map<Integer, Replica> workers = new TreeMap<>();
    private final List<Action> seen = new ArrayList<>();
    private long nowNs;
    private boolean preparing = true;

    private void come(int... numbers) {
        for (int number : numbers) {
            workers.put(number, new Replica(number));
            say(number);
        }
    }

    private Replica worker(int number) {
        return Objects.requireNonNull(workers.get(number));
    }

    private void say(int number) {
        membership.heard(worker(number).standing(), "here", nowNs);
        settle();
    }

    /** Each action is carried out at once, and each worker that changes says so. */
    private void settle() {
        for (Action action : membership.actions()) {
            seen.add(action);
            switch (action) {
                case Action.Journal write -> membership.recorded(write.generation(), nowNs);
                case Action.Tell tell -> {
                    Replica worker = workers.get(tell.worker());
                    if (worker != null && worker.obey(tell.order())) {
                        if (preparing && tell.order() instanceof Order.Prepare prepare) {
                            assertTrue(worker.prepared(prepare.generation() + 1));
                        }
                        membership.heard(worker.standing(), "here", nowNs);
                    }
                }
                case Action.Evict evict -> workers.remove(evict.worker());
                case Action.Done done -> {}
                case Action.GiveUp giveUp -> {}
                case Action.StepDown down -> {}
            }
            settle();
        }
    }

    private void pass(long ms) {
        for (long end = nowNs + ms * MS; nowNs < end; nowNs += 50 * MS) {
            membership.turn(nowNs);
            settle();
        }
    }

    /** All members go through the ring once. */
    private void turnRing() {
        List<Replica> members = membership.current().members().stream()
                .map(member -> worker(member.worker()))
                .toList();
        members.forEach(Replica::enter);
        boolean halt = members.stream().anyMatch(Replica::halting);
        for (Replica member : members) {
            assertTrue(member.phase() == Replica.Phase.LEVELLING ? member.levelled() : member.complete(halt));
        }
        members.forEach(member -> {
            membership.heard(member.standing(), "here", nowNs);
            settle();
        });
    }

    private List<Integer> members() {
        return membership.current().members().stream().map(Member::worker).toList();
    }

    private List<String> ends() {
        return seen.stream()
                .filter(action -> action instanceof Action.GiveUp || action instanceof Action.StepDown)
                .map(Action::toString)
                .toList();
    }

    @BeforeEach
    void threeWorkersAreAtStep2() {
        membership.expect(3);
        come(0, 1);
        assertEquals(List.of(), members(), "one is on its way");
        come(2);
        membership.expect(0);
        membership.turn(nowNs);
        settle();
        assertEquals(List.of(0, 1, 2), members());
        turnRing();
        turnRing();
        turnRing();
        assertEquals(new StateName(2, 1), worker(1).state());
    }

    @Test
    void shouldGoOnWithoutALostWorkerFromTheStepThatASurvivorHas() {
        workers.values().forEach(Replica::enter);
        assertTrue(worker(2).complete(false));
        membership.lost(0, "killed", nowNs);
        settle();
        assertEquals(List.of(1, 2), members());
        assertEquals(new StateName(3, 1), membership.current().base());
        assertEquals(1, membership.current().root(), "the one that has step 3");
        assertEquals(9, membership.current().dealt(), "three batches a step");
        turnRing();
        assertEquals(new StateName(3, 1), worker(1).state());
    }

    @Test
    void shouldTakeAJoinerInBetweenTwoSteps() {
        come(7);
        assertTrue(membership.halting());
        turnRing();
        assertEquals(List.of(0, 1, 2, 7), members());
        assertEquals(new StateName(3, 1), membership.current().base());
        turnRing();
        turnRing();
        assertEquals(new StateName(4, 2), worker(7).state());
        come(8);
        pass(1000);
        assertEquals(2, membership.current().number(), "four are the most");
    }

    /** These have got the second ring ready. */
    private void prepared(int... numbers) {
        for (int number : numbers) {
            assertTrue(worker(number).prepared(2));
            say(number);
        }
    }

    private boolean isHalting() {
        return workers.values().stream().anyMatch(Replica::halting);
    }

    @Test
    void shouldHaltOnceTheNextRingIsReadyOrTakesTooLong() {
        preparing = false;
        come(7);
        Order prepare = new Order.Prepare(1, List.of(0, 1, 2, 7));
        List<Integer> told = seen.stream()
                .filter(action ->
                        action instanceof Action.Tell tell && tell.order().equals(prepare))
                .map(action -> ((Action.Tell) action).worker())
                .toList();
        assertEquals(List.of(0, 1, 2, 7), told);
        turnRing();
        assertFalse(isHalting(), "nobody is ready");
        prepared(0, 1, 2);
        turnRing();
        assertFalse(isHalting(), "7 is not");
        pass(1100);
        assertTrue(isHalting());
        turnRing();
        assertEquals(List.of(0, 1, 2, 7), members());
    }

    @Test
    void shouldNotPrepareForOneThatIsLostMeanwhile() {
        preparing = false;
        come(7);
        membership.lost(7, "killed", nowNs);
        come(8);
        prepared(0, 1, 2, 8); // 8 alone for itself: the others have had another plan
        turnRing();
        assertEquals(List.of(0, 1, 2, 8), members());
    }

    @Test
    void shouldNotWaitForOneThatIsLostWhileTheOthersAreReady() {
        preparing = false;
        come(7);
        prepared(0, 1, 2);
        assertFalse(isHalting());
        come(8);
        membership.lost(7, "killed", nowNs);
        settle();
        assertTrue(isHalting());
    }

    @Test
    void shouldLetOneLeaveBetweenTwoSteps() {
        membership.drain(1, nowNs);
        settle();
        turnRing();
        pass(200);
        assertEquals(List.of(0, 2), members());
        assertEquals(Replica.Phase.LEFT, worker(1).phase());
        assertEquals(List.of(1), departed(), "it was in nothing when it froze");
    }

    @Test
    void shouldNotSayOfOneThatLeavesInTheMiddleOfAStepThatItHasDeparted() {
        workers.values().forEach(Replica::enter);
        come(7);
        membership.drain(1, nowNs);
        membership.lost(0, "killed", nowNs);
        settle();
        assertEquals(List.of(2, 7), members());
        assertEquals(List.of(), departed());
    }

    /** What the last announcement says of those that are no members any more. */
    private List<Integer> departed() {
        return seen.stream()
                .filter(Action.Tell.class::isInstance)
                .map(action -> ((Action.Tell) action).order())
                .filter(Order.Form.class::isInstance)
                .map(order -> ((Order.Form) order).departed())
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    @Test
    void shouldKeepThoseThatAreToLeaveUntilEnoughOthersAreThere() {
        membership.drain(0, nowNs);
        membership.drain(1, nowNs);
        settle();
        turnRing();
        pass(200);
        assertFalse(membership.halting(), "one alone would be too few");
        assertEquals(List.of(0, 1, 2), members());
        come(3);
        turnRing();
        pass(200);
        assertEquals(List.of(2, 3), members());
    }

    @Test
    void shouldWaitForWorkersAndSayForHowMany() {
        membership.lost(0, "killed", nowNs);
        membership.lost(1, "killed", nowNs);
        settle();
        assertEquals("1 of at least 2 workers", membership.waitingFor());
        come(3);
        assertEquals(List.of(2, 3), members());
        membership.lost(2, "killed", nowNs);
        settle();
        assertTrue(ends().getLast().contains("state are lost; the last one was worker "), ends().toString());
    }

    @Test
    void shouldGiveUpAfterTheElasticTimeout() {
        membership.lost(0, "killed", nowNs);
        membership.lost(1, "killed", nowNs);
        pass(61_000);
        assertEquals(List.of("GiveUp[reason=after 60000 ms of waiting: 1 of at least 2 workers]"), ends());
    }

    @Test
    void shouldGiveUpWhenTooManyAreLost() {
        for (int i = 0; i < 3; i++) {
            membership.lost(members().getLast(), "killed", nowNs);
            come(10 + i);
            pass(200);
        }
        assertTrue(ends().getFirst().contains("the reset limit is 2"), ends().toString());
    }

    @Test
    void shouldGiveUpOneThatHangsWhileTheOthersWait() {
        worker(0).enter();
        worker(1).enter();
        worker(0).broke(1);
        say(0);
        assertEquals(List.of(0, 1), members());
    }

    @Test
    void shouldStepDownWhenAWorkerKnowsALaterGeneration() {
        membership.heard(new Standing(1, 2, 1, new StateName(2, 1), false, false, Standing.NOBODY, 0), "here", nowNs);
        settle();
        assertEquals(1, ends().size());
        assertTrue(ends().getFirst().contains("later generation than 1"), ends().toString());
    }

    @Test
    void shouldDisturbNobodyWhenItIsStartedAgain() {
        Membership again = new Membership(RULES, new Lineage(lineage.generations()), nowNs);
        workers.values().forEach(worker -> again.heard(worker.standing(), "here", nowNs));
        again.turn(nowNs + 10_000 * MS);
        assertEquals(List.of(), again.actions());
        assertEquals(Membership.Phase.RUNNING, again.phase());
    }
}
