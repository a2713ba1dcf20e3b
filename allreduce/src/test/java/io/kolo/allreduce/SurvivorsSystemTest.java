package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Three ranks in processes of their own, in the middle of collectives in shared memory, of which one is stopped or
 * killed at a random moment. {@code -Dkolo.rounds=500} for a longer campaign.
 */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class SurvivorsSystemTest {
    private static final int RANKS = 3;
    private static final int ROUNDS = Integer.getInteger("kolo.rounds", 0);

    private final List<RankHandle> ranks = new ArrayList<>();
    private final List<Long> abortUs = new ArrayList<>();
    private final List<Long> formUs = new ArrayList<>();
    private Path folder;
    private int generation;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createTempDirectory(
                Path.of("/dev/shm"), "kolo-" + ProcessHandle.current().pid() + "-");
    }

    @AfterEach
    void stop() throws Exception {
        for (RankHandle rank : ranks) {
            rank.kill();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /**
     * A rank is stopped, thrown out, and wakes up in the middle of a store into memory of its peers. What they use by
     * then is other memory; what they used before does change, so that there is something to be afraid of.
     */
    @Test
    void shouldNotBeTouchedByARankThatWasThrownOutAndWakesUp(SplittableRandom random) throws Exception {
        int rounds = ROUNDS > 0 ? ROUNDS : 40;
        startRanks(RANKS);
        int oldOnesTouched = 0;
        int round = 0;
        for (; round < rounds || (oldOnesTouched == 0 && round < 10 * rounds); round++) {
            form(ranks);
            RankHandle victim = interrupt(random, "-STOP");
            victim.awaitState('T');
            List<RankHandle> survivors = survivorsOf(victim);
            form(survivors);
            tell(survivors, "fill", "filled");
            List<String> digests = answers(survivors, "digest");
            List<String> old = answers(survivors, "old");
            victim.signal("-CONT");
            victim.expect("failed CollectiveAbortedException");
            oldOnesTouched += old.equals(answers(survivors, "old")) ? 0 : 1;
            assertEquals(digests, answers(survivors, "digest"), "round " + round);
            tell(survivors, "check", "checked");
            tell(survivors, "forget", "forgotten");
        }
        System.out.printf("%d rounds, %d with stores into memory of the generation before%n", round, oldOnesTouched);
        assertTrue(oldOnesTouched > 0, "no rank was stopped in the middle of a store");
        report();
    }

    @Test
    void shouldFormTheNextGenerationWhenARankIsKilled(SplittableRandom random) throws Exception {
        int rounds = ROUNDS > 0 ? ROUNDS : 50;
        startRanks(RANKS + 1);
        for (int round = 0; round < rounds; round++) {
            RankHandle spare = ranks.removeLast();
            form(ranks);
            RankHandle victim = interrupt(random, "-KILL");
            victim.kill();
            List<RankHandle> survivors = survivorsOf(victim);
            survivors.forEach(survivor -> survivor.tell("others gone")); // so they go on in the memory that they have
            form(survivors);
            tell(survivors, "forget", "forgotten");
            tell(survivors, "check", "checked");
            ranks.remove(victim);
            ranks.add(spare);
            startRanks(1);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of(),
                    files.filter(file -> !file.getFileName().toString().matches("(aeron|parts)-.*"))
                            .toList(),
                    "no memory of a ring has a name");
        }
        report();
    }

    /**
     * A litmus test of the words in shared memory: whoever sees a word that has come up sees all that was stored
     * before. All values change from round to round, so that a stale one makes a wrong sum.
     */
    @Test
    void shouldNeverSeeAWordBeforeWhatWasStoredBeforeIt() throws Exception {
        startRanks(2);
        form(ranks);
        tell(ranks, "litmus " + (ROUNDS > 0 ? ROUNDS * 1000 : 100_000), "0 stale");
    }

    private void report() {
        Collections.sort(abortUs);
        Collections.sort(formUs);
        System.out.printf(
                "from the news to the error: median %.1f ms, largest %.1f ms; next generation formed: median %.1f ms,"
                        + " largest %.1f ms%n",
                abortUs.get(abortUs.size() / 2) / 1e3,
                abortUs.getLast() / 1e3,
                formUs.get(formUs.size() / 2) / 1e3,
                formUs.getLast() / 1e3);
    }

    private void startRanks(int count) throws IOException, InterruptedException {
        for (int i = 0; i < count; i++) {
            ranks.add(new RankHandle(folder));
        }
    }

    /** All join the next generation, in this order. */
    private void form(List<RankHandle> members) throws InterruptedException {
        List<String> addresses = new ArrayList<>();
        for (RankHandle member : members) {
            addresses.add(member.address());
        }
        generation++;
        for (int rank = 0; rank < members.size(); rank++) {
            members.get(rank).tell("form " + generation + " " + rank + " " + String.join(" ", addresses));
        }
        long slowest = 0;
        for (RankHandle member : members) {
            slowest = Math.max(slowest, Long.parseLong(member.expect("formed").get(1)));
        }
        if (members.size() < RANKS) {
            formUs.add(slowest);
        }
    }

    /** Lets all work, and sends one of them a signal at some moment. */
    private RankHandle interrupt(SplittableRandom random, String signal) throws Exception {
        tell(ranks, "check", "checked"); // the first operation of a process warms its kernels
        long seed = random.nextLong();
        for (RankHandle rank : ranks) {
            rank.tell("work " + seed);
        }
        LockSupport.parkNanos(random.nextLong(TimeUnit.MILLISECONDS.toNanos(30)));
        RankHandle victim = ranks.get(random.nextInt(RANKS));
        victim.signal(signal);
        return victim;
    }

    private List<RankHandle> survivorsOf(RankHandle victim) throws InterruptedException {
        List<RankHandle> survivors = new ArrayList<>(ranks);
        survivors.remove(victim);
        int culprit = ranks.indexOf(victim);
        for (RankHandle survivor : survivors) {
            survivor.tell("abort " + culprit);
        }
        for (RankHandle survivor : survivors) {
            List<String> failed = survivor.expect("failed CollectiveAbortedException " + culprit);
            abortUs.add(Long.parseLong(failed.getLast()));
        }
        return survivors;
    }

    private static void tell(List<RankHandle> ranks, String command, String answer) throws InterruptedException {
        for (RankHandle rank : ranks) {
            rank.tell(command);
        }
        for (RankHandle rank : ranks) {
            var unused = rank.expect(answer);
        }
    }

    private static List<String> answers(List<RankHandle> ranks, String command) throws InterruptedException {
        List<String> answers = new ArrayList<>();
        for (RankHandle rank : ranks) {
            rank.tell(command);
            answers.add(rank.expect(command).get(1));
        }
        return answers;
    }
}
