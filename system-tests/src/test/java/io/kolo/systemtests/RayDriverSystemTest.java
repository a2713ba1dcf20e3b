package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.TrainingProgram;
import io.kolo.executor.Worker;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The driver of an elastic job that was submitted is killed while a network is trained on. */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RayDriverSystemTest {
    @RegisterExtension
    static final RayCluster CLUSTER = RayCluster.of("2.60.0", 3, RayCluster.Feature.DASHBOARD);

    /** Trains as all elastic tests do, until the file is there that its argument names; says each batch's time. */
    public static final class Training implements TrainingProgram<NavigableMap<Long, Integer>> {
        @Override
        public NavigableMap<Long, Integer> run(Worker worker, List<String> args) {
            long[] lastNs = {System.nanoTime()};
            return ElasticTraining.train(worker, Batch.OF_ALL, args.getFirst(), (self, batch) -> {
                long nowNs = System.nanoTime();
                System.out.println("batch " + batch + " after " + (nowNs - lastNs[0]) / 1_000_000 + " ms");
                lastNs[0] = nowNs;
            });
        }
    }

    private KoloProcess submit(int workers, Path logs, Path flag) throws Exception {
        List<String> args = new ArrayList<>(List.of("submit", "--address", CLUSTER.dashboard()));
        args.addAll(List.of("--jar", Repository.testClasses(), "--class", Training.class.getName()));
        args.addAll(List.of("--min-workers=1", "--max-workers=" + workers));
        args.add("--gpus-per-worker=2"); // each has a node of its own
        args.addAll(List.of("--jvm-arg=" + Runs.QUICK_START, "--log-folder=" + logs));
        args.addAll(RayCluster.marks());
        args.addAll(List.of("--", flag.toString()));
        return KoloProcess.start(CLUSTER.environment(), args.toArray(String[]::new));
    }

    @Test
    void shouldTrainOnWhenTheDriverOfASubmittedJobIsKilled(@TempDir Path folder) throws Exception {
        Path logs = folder.resolve("logs");
        Path flag = folder.resolve("go");
        try (KoloProcess view = submit(3, logs, flag)) {
            boolean over = false;
            try {
                trainOn(view, flag);
                over = true;
            } finally {
                if (!over) {
                    stop(view);
                }
            }
            ElasticTraining.assertEqualToTheOracle(logs, Batch.OF_ALL, List.of(result(view)));
        }
    }

    private static void trainOn(KoloProcess view, Path flag) throws Exception {
        view.awaitLines("generation 1, workers [0, 1, 2]", " batch 20 ");
        assertEquals(1, Runs.javaProcesses("@java.arguments").count(), "drivers");
        kill("@java.arguments");
        view.awaitLines("another driver, which goes on with 3 workers", "generation 1, workers [0, 1, 2]");
        printGap("the driver was killed", view);
        assertTrue(view.lines().stream().noneMatch(line -> line.contains("generation 2")), () -> "" + view.lines());
        kill("WorkerMain"); // the next driver hears of it, and starts another one
        view.awaitLines("generation 2, workers ", "generation 3, workers ");
        kill("CoordinatorMain");
        view.awaitLines("another coordinator is started");
        kill("@java.arguments"); // the one after it has to wait for the coordinator
        view.awaitLines("another driver, which goes on with 3 workers", "generation 3, workers ", " batch ");
        Files.createFile(flag);
        assertEquals(0, view.await(), () -> "" + view.lines());
    }

    @Test
    void shouldEndWithTheEntryPointAlsoWhenTheDriverIsNotTheFirst(@TempDir Path folder) throws Exception {
        try (KoloProcess view = submit(1, folder.resolve("logs"), folder.resolve("go"))) {
            view.awaitLines("generation 1, workers [0]", " batch 3 ");
            ProcessHandle entryPoint = Runs.javaProcesses("@java.arguments")
                    .findFirst()
                    .flatMap(ProcessHandle::parent)
                    .orElseThrow();
            kill("@java.arguments");
            view.awaitLines("another driver, which goes on with 1 worker");
            long killedNs = System.nanoTime();
            entryPoint.destroyForcibly();
            Runs.await(
                    "end of all processes",
                    () -> Stream.of("WorkerMain", "CoordinatorMain", "@java.arguments", "GatewayMain")
                            .allMatch(name -> Runs.javaProcesses(name).findAny().isEmpty()),
                    new CompletableFuture<>());
            System.out.printf("all ended %d ms after the entry point%n", (System.nanoTime() - killedNs) / 1_000_000);
            assertTrue(view.await() != 0, () -> "" + view.lines());
        }
    }

    /** What was submitted lives on without its view. */
    private static void stop(KoloProcess view) throws InterruptedException {
        try (KoloProcess stop = KoloProcess.start(
                CLUSTER.environment(), "jobs", "stop", view.job(), "--address", CLUSTER.dashboard())) {
            System.out.println("exit code " + stop.await() + " of " + stop.lines());
        }
    }

    private static void kill(String argument) {
        ProcessHandle process = Runs.javaProcesses(argument).findFirst().orElseThrow();
        process.destroyForcibly();
        Runs.await("end of the process", () -> !process.isAlive(), new CompletableFuture<>());
    }

    /** Says how long the longest step took, of those that all workers have done since the 20th. */
    private static void printGap(String event, KoloProcess view) {
        int[] longest = view.lines().stream()
                .filter(line -> line.contains("] batch "))
                .map(line -> line.substring(line.indexOf("batch ")).split(" ", -1))
                .filter(words -> Integer.parseInt(words[1]) >= 20)
                .mapToInt(words -> Integer.parseInt(words[3]))
                .sorted()
                .toArray();
        System.out.println(event + ": " + longest.length + " batches came, the last " + longest[longest.length - 1]
                + " ms after the one before at most");
    }

    /** What rank 0 returned, which the job prints as its result. */
    private static NavigableMap<Long, Integer> result(KoloProcess view) {
        String text = view.lines().stream()
                .filter(line -> line.startsWith("result {"))
                .findFirst()
                .orElseThrow();
        NavigableMap<Long, Integer> digests = new TreeMap<>();
        for (String entry :
                text.substring("result {".length(), text.length() - 1).split(", ", -1)) {
            String[] both = entry.split("=", -1);
            digests.put(Long.valueOf(both[0]), Integer.valueOf(both[1]));
        }
        return digests;
    }
}
