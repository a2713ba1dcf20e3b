package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.TrainingProgram;
import io.kolo.executor.Worker;
import io.kolo.testkit.Leftovers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that are submitted to a Ray cluster, which wants its token, from outside of it. */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RayJobsSystemTest {
    @RegisterExtension
    static final RayCluster CLUSTER = RayCluster.of("2.60.0", 1, RayCluster.Feature.DASHBOARD);

    /** What a user would write. */
    public static final class Greeting implements TrainingProgram<String> {
        @Override
        public String run(Worker worker, List<String> args) {
            System.out.println("hello from " + worker.rank() + "/" + worker.size());
            if (args.size() == 1) {
                throw new IllegalStateException("nothing to greet");
            }
            return args + " with " + System.getenv("GREETING");
        }
    }

    /** Never ends by itself. */
    public static final class Endless implements TrainingProgram<String> {
        @Override
        public String run(Worker worker, List<String> args) {
            System.out.println("pid " + ProcessHandle.current().pid());
            while (true) {
                worker.communicator().barrier();
            }
        }
    }

    private static KoloProcess kolo(String... args) {
        return KoloProcess.start(CLUSTER.environment(), args);
    }

    private static KoloProcess submit(Path folder, Class<?> program, String... more) throws Exception {
        List<String> args = new ArrayList<>(List.of("submit", "--address", CLUSTER.dashboard()));
        args.addAll(List.of("--jar", CliSystemTest.jarOf(folder, program).toString(), "--class", program.getName()));
        args.add("--workers=2");
        args.addAll(RayCluster.marks());
        args.addAll(List.of(more));
        return kolo(args.toArray(String[]::new));
    }

    @Test
    void shouldFollowAJobAndEndWithItsExitCode(@TempDir Path folder) throws Exception {
        try (KoloProcess good = submit(folder, Greeting.class, "--env", "GREETING=a b", "--", "two words", "it's")) {
            assertEquals(0, good.await(), () -> "" + good.lines());
            assertTrue(good.lines().contains("result [two words, it's] with a b"), () -> "" + good.lines());
            assertTrue(good.lines().contains("[1 " + CLUSTER.node(1) + "] hello from 1/2"), () -> "" + good.lines());
        }
        try (KoloProcess bad = submit(folder, Greeting.class, "--", "one")) {
            assertEquals(1, bad.await(), () -> "" + bad.lines());
            assertTrue(
                    bad.lines().stream().anyMatch(line -> line.contains("nothing to greet")), () -> "" + bad.lines());
            assertTrue(
                    bad.lines().getLast().matches("job .* has FAILED: .* with exit code 1"),
                    bad.lines().getLast());
        }
    }

    @Test
    void shouldTrainToTheSameBitsAsOnThisMachine() throws Exception {
        List<String> here = digits("run", "--address=local");
        assertTrue(here.getFirst().startsWith("parameters "), () -> "" + here);
        assertTrue(here.getLast().startsWith("accuracy 0."), () -> "" + here);
        assertEquals(here, digits("run", "--address=" + CLUSTER.address()));
        assertEquals(here, digits("submit", "--address=" + CLUSTER.dashboard()));
    }

    /** Returns what it says of the trained network: a digest of the parameters, and the accuracy. */
    private static List<String> digits(String command, String address) throws InterruptedException {
        try (KoloProcess kolo =
                kolo(command, address, "digits", "--workers=4", "--epochs=3", "--jvm-arg=" + Runs.QUICK_START)) {
            assertEquals(0, kolo.await(), () -> "" + kolo.lines());
            return kolo.lines().stream()
                    .filter(line -> line.startsWith("parameters ") || line.startsWith("accuracy "))
                    .toList();
        }
    }

    @Test
    void shouldLiveOnWithoutItsViewAndTakeItsWorkersAlong(@TempDir Path folder) throws Exception {
        String job;
        try (KoloProcess view = submit(folder, Endless.class)) {
            view.awaitLines("pid ");
            job = view.job();
            view.awaitLines("pid ");
        }
        List<Long> workers = new ArrayList<>();
        try (KoloProcess logs = kolo("jobs", "logs", job, "--address", CLUSTER.dashboard())) {
            assertEquals(0, logs.await(), () -> "" + logs.lines());
            logs.lines().stream()
                    .filter(line -> line.contains("] pid "))
                    .forEach(line -> workers.add(Long.valueOf(line.substring(line.lastIndexOf(' ') + 1))));
        }
        assertEquals(2, workers.size(), "workers that have said their process");
        assertTrue(workers.stream().allMatch(RayJobsSystemTest::isAlive), "they live on");
        assertStatus(job, "RUNNING");
        ProcessHandle entryPoint = Runs.javaProcesses("@java.arguments")
                .findFirst()
                .flatMap(ProcessHandle::parent)
                .orElseThrow();
        assertTrue(entryPoint.info().commandLine().orElse("").contains("sh kolo run"), () -> "" + entryPoint.info());
        long killedNs = System.nanoTime();
        entryPoint.destroyForcibly();
        Runs.await(
                "end of the workers",
                () -> workers.stream().noneMatch(RayJobsSystemTest::isAlive),
                new CompletableFuture<>());
        System.out.printf(
                "the workers ended %d ms after the entry point%n", (System.nanoTime() - killedNs) / 1_000_000);
        try (KoloProcess followed = kolo("jobs", "logs", "--follow", job, "--address", CLUSTER.dashboard())) {
            assertFalse(followed.await() == 0, () -> "" + followed.lines());
        }
        assertStatus(job, "FAILED");
    }

    private static boolean isAlive(long pid) {
        return ProcessHandle.of(pid).isPresent();
    }

    private static void assertStatus(String job, String status) throws InterruptedException {
        try (KoloProcess list = kolo("jobs", "list", "--address", CLUSTER.dashboard())) {
            assertEquals(0, list.await(), () -> "" + list.lines());
            assertTrue(
                    list.lines().stream().anyMatch(line -> line.startsWith(job) && line.contains(" " + status + " ")),
                    () -> "" + list.lines());
        }
    }

    @Test
    void shouldStopAJobWhichGivesBackAllThatItHas(@TempDir Path folder) throws Exception {
        String job;
        try (KoloProcess submitted = submit(folder, Endless.class, "--no-wait")) {
            assertEquals(0, submitted.await(), () -> "" + submitted.lines());
            job = submitted.lines().getLast();
        }
        try (KoloProcess view = kolo("jobs", "logs", "-f", job, "--address", CLUSTER.dashboard())) {
            view.awaitLines("pid ");
            assertStopped(job);
            assertEquals(1, view.await(), () -> "" + view.lines());
            assertTrue(view.lines().stream().noneMatch(line -> line.contains("is gone")), () -> "" + view.lines());
        }
    }

    private static void assertStopped(String job) throws InterruptedException {
        try (KoloProcess stop = kolo("jobs", "stop", job, "--address", CLUSTER.dashboard())) {
            assertEquals(0, stop.await(), () -> "" + stop.lines());
            assertEquals("job " + job + " is STOPPED", stop.lines().getLast());
        }
    }

    @Test
    void shouldSayInOneLineWhatIsWrong() throws InterruptedException {
        String there = CLUSTER.dashboard();
        assertRefused(CLUSTER.environment(), "there is no job raysubmit_x on " + there, "logs", "raysubmit_x");
        assertRefused(CLUSTER.environment(), "there is no job 01000000 on " + there, "logs", "01000000");
        assertRefused(CLUSTER.environment(), "there is no job raysubmit_x on " + there, "stop", "raysubmit_x");
        Map<String, String> wrong = new HashMap<>(CLUSTER.environment());
        wrong.remove("RAY_AUTH_TOKEN_PATH");
        wrong.put("RAY_AUTH_TOKEN", "wrong");
        assertRefused(wrong, there + " refuses Kolo: the cluster wants its token: set RAY_AUTH_MODE=token", "list");
    }

    private static void assertRefused(Map<String, String> environment, String why, String... args)
            throws InterruptedException {
        String[] line = Stream.concat(
                        Stream.of("jobs"), Stream.concat(Stream.of(args), Stream.of("--address", CLUSTER.dashboard())))
                .toArray(String[]::new);
        try (KoloProcess kolo = KoloProcess.start(environment, line)) {
            assertEquals(2, kolo.await(), () -> "" + kolo.lines());
            assertEquals(1, kolo.lines().size(), () -> "" + kolo.lines());
            assertTrue(kolo.lines().getFirst().contains(why), kolo.lines().getFirst());
        }
    }
}
