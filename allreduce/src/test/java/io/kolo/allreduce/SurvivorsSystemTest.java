package io.kolo.allreduce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
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
    private static final long DEADLINE_S = 60;

    private final List<Rank> ranks = new ArrayList<>();
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
        for (Rank rank : ranks) {
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
        int rounds = ROUNDS > 0 ? ROUNDS : 100;
        startRanks(RANKS);
        int oldOnesTouched = 0;
        for (int round = 0; round < rounds; round++) {
            form(ranks);
            Rank victim = interrupt(random, "-STOP");
            victim.awaitState('T');
            List<Rank> survivors = survivorsOf(victim, "CollectiveAbortedException");
            form(survivors);
            tell(survivors, "fill", "filled");
            List<String> digests = answers(survivors, "digest");
            List<String> old = answers(survivors, "old");
            signal(victim, "-CONT");
            victim.expect("failed CollectiveAbortedException");
            oldOnesTouched += old.equals(answers(survivors, "old")) ? 0 : 1;
            assertEquals(digests, answers(survivors, "digest"), "round " + round);
            tell(survivors, "check", "checked");
            tell(survivors, "forget", "forgotten");
        }
        System.out.printf("%d rounds, %d with stores into memory of the generation before%n", rounds, oldOnesTouched);
        assertTrue(oldOnesTouched > 0, "no rank was stopped in the middle of a store");
        report();
    }

    @Test
    void shouldFormTheNextGenerationWhenARankIsKilled(SplittableRandom random) throws Exception {
        int rounds = ROUNDS > 0 ? ROUNDS : 50;
        startRanks(RANKS + 1);
        for (int round = 0; round < rounds; round++) {
            Rank spare = ranks.removeLast();
            form(ranks);
            Rank victim = interrupt(random, "-KILL");
            victim.kill();
            List<Rank> survivors = survivorsOf(victim, "CollectiveAbortedException");
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
                    files.filter(file -> !file.getFileName().toString().startsWith("aeron-"))
                            .toList(),
                    "no shared memory has a name");
        }
        report();
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
            ranks.add(new Rank(folder));
        }
    }

    /** All join the next generation, in this order. */
    private void form(List<Rank> members) throws InterruptedException {
        List<String> addresses = new ArrayList<>();
        for (Rank member : members) {
            addresses.add(member.address());
        }
        generation++;
        for (int rank = 0; rank < members.size(); rank++) {
            members.get(rank).tell("form " + generation + " " + rank + " " + String.join(" ", addresses));
        }
        long slowest = 0;
        for (Rank member : members) {
            slowest = Math.max(slowest, Long.parseLong(member.expect("formed").get(1)));
        }
        if (members.size() < RANKS) {
            formUs.add(slowest);
        }
    }

    /** Lets all work, and sends one of them a signal at some moment. */
    private Rank interrupt(SplittableRandom random, String signal) throws Exception {
        long seed = random.nextLong();
        for (Rank rank : ranks) {
            rank.tell("work " + seed);
        }
        LockSupport.parkNanos(random.nextLong(TimeUnit.MILLISECONDS.toNanos(30)));
        Rank victim = ranks.get(random.nextInt(RANKS));
        signal(victim, signal);
        return victim;
    }

    private List<Rank> survivorsOf(Rank victim, String error) throws InterruptedException {
        List<Rank> survivors = new ArrayList<>(ranks);
        survivors.remove(victim);
        int culprit = ranks.indexOf(victim);
        for (Rank survivor : survivors) {
            survivor.tell("abort " + culprit);
        }
        for (Rank survivor : survivors) {
            List<String> failed = survivor.expect("failed " + error + " " + culprit);
            abortUs.add(Long.parseLong(failed.getLast()));
        }
        return survivors;
    }

    private static void tell(List<Rank> ranks, String command, String answer) throws InterruptedException {
        for (Rank rank : ranks) {
            rank.tell(command);
        }
        for (Rank rank : ranks) {
            var unused = rank.expect(answer);
        }
    }

    private static List<String> answers(List<Rank> ranks, String command) throws InterruptedException {
        List<String> answers = new ArrayList<>();
        for (Rank rank : ranks) {
            rank.tell(command);
            answers.add(rank.expect(command).get(1));
        }
        return answers;
    }

    private static void signal(Rank rank, String signal) throws Exception {
        String pid = String.valueOf(rank.process.pid());
        assertEquals(0, new ProcessBuilder("kill", signal, pid).start().waitFor());
    }

    private static final class Rank {
        private final Process process;
        private final PrintWriter input;
        private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        private String address = "";

        Rank(Path folder) throws IOException {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                    .filter(argument -> argument.startsWith("--"))
                    .forEach(command::add);
            command.addAll(List.of(
                    "-Xmx256m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    RankProcess.class.getName(),
                    folder.toString()));
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            input = new PrintWriter(process.getOutputStream(), true, UTF_8);
            BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
            Thread.ofVirtual().start(() -> output.lines().forEach(lines::add));
        }

        String address() throws InterruptedException {
            if (address.isEmpty()) {
                address = expect("address").get(1);
            }
            return address;
        }

        void tell(String line) {
            input.println(line);
        }

        List<String> expect(String start) throws InterruptedException {
            String line = lines.poll(DEADLINE_S, TimeUnit.SECONDS);
            assertTrue(line != null && line.startsWith(start), "'" + start + "' was expected, not '" + line + "'");
            return List.of(line.split(" ", -1));
        }

        void awaitState(char state) throws IOException {
            long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
            Path file = Path.of("/proc", String.valueOf(process.pid()), "stat");
            while (Files.readString(file).charAt(Files.readString(file).indexOf(')') + 2) != state) {
                assertTrue(System.nanoTime() - deadlineNs < 0, "the process does not come to state " + state);
                Thread.onSpinWait();
            }
        }

        void kill() throws InterruptedException {
            assertTrue(process.destroyForcibly().waitFor(DEADLINE_S, TimeUnit.SECONDS), "the process does not end");
        }
    }
}
