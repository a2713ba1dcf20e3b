package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.kolo.executor.TrainingProgram;
import io.kolo.executor.Worker;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CliSystemTest {
    private static final int SIGINT_EXIT_CODE = 130;

    /** What a user would write. */
    public static final class Greeting implements TrainingProgram<String> {
        @Override
        public String run(Worker worker, List<String> args) {
            System.out.println("hello from " + worker.rank() + "/" + worker.size() + ", " + worker.localRank() + "/"
                    + worker.localSize());
            return args + " of " + worker.size();
        }
    }

    @Test
    void shouldTrainDigits() throws InterruptedException {
        try (KoloProcess kolo = KoloProcess.start("run", "digits", "--workers", "2")) {
            assertEquals(0, kolo.await(), () -> "" + kolo.lines());
            assertTrue(
                    kolo.lines().getFirst().matches("kolo: local engine, 2 workers, kernels: .+"),
                    () -> "" + kolo.lines());
            String last = kolo.lines().getLast();
            assertTrue(last.matches("accuracy 0\\.\\d{3}"), last);
            assertTrue(Double.parseDouble(last.substring("accuracy ".length())) >= 0.95, last);
        }
    }

    @Test
    void shouldRunAProgramFromAJarWithItsArguments(@TempDir Path folder) throws Exception {
        Path jar = jarOf(folder, Greeting.class);
        String name = Greeting.class.getName();
        try (KoloProcess kolo = KoloProcess.start(
                "run", "--jar", jar.toString(), "--class", name, "--workers", "2", "--", "--epochs", "10 or so")) {
            assertEquals(0, kolo.await(), () -> "" + kolo.lines());
            assertTrue(kolo.lines().contains("[0 localhost] hello from 0/2, 0/2"), () -> "" + kolo.lines());
            assertTrue(kolo.lines().contains("[1 localhost] hello from 1/2, 1/2"), () -> "" + kolo.lines());
            assertEquals("result [--epochs, 10 or so] of 2", kolo.lines().getLast());
        }
    }

    @Test
    void shouldRunAsAJarOfItsOwn() throws InterruptedException {
        String java = ProcessHandle.current().info().command().orElseThrow();
        String jar = Repository.root().resolve("cli/target/kolo.jar").toString();
        try (KoloProcess kolo = KoloProcess.command(java, "-jar", jar, "run", "digits", "--epochs", "1")) {
            assertEquals(0, kolo.await(), () -> "" + kolo.lines());
            assertTrue(kolo.lines().getLast().startsWith("accuracy 0."), () -> "" + kolo.lines());
        }
    }

    @Test
    void shouldSayInOneLineWhatIsWrongWithWhatItWasAskedFor(@TempDir Path folder) throws Exception {
        Path broken = Files.writeString(folder.resolve("broken.jar"), "this is no jar");
        String missing = folder.resolve("missing.jar").toString();
        assertRefused("workers must be at least 1, not -1", "run", "digits", "--workers", "-1");
        assertRefused("workers must be at least 1, not -1", "run", "--workers", "-1", "digits");
        assertRefused("the smallest must be a multiple of 4", "bench", "allreduce", "--min", "5");
        assertRefused("the smallest must be a multiple of 4", "bench", "allreduce", "--min", "1073741825");
        assertRefused("epochs must be at least 1, not 0", "run", "digits", "--epochs", "0");
        assertRefused("class com.acme.Train can't be loaded", "run", "--class", "com.acme.Train");
        assertRefused("does not implement io.kolo.executor.TrainingProgram", "run", "--class", "java.lang.String");
        assertRefused("missing.jar can't be read", "run", "--jar", missing, "--class", "com.acme.Train");
        assertRefused("broken.jar is none", "run", "--jar", broken.toString(), "--class", "com.acme.Train");
        assertRefused("no Ray cluster answers at 127.0.0.1:9", "run", "digits", "--address", "127.0.0.1:9");
        assertRefused("address 'ray' is none", "run", "digits", "--address", "ray");
    }

    private static void assertRefused(String why, String... args) throws InterruptedException {
        try (KoloProcess kolo = KoloProcess.start(args)) {
            assertEquals(2, kolo.await(), () -> "" + kolo.lines());
            assertEquals(1, kolo.lines().size(), () -> "" + kolo.lines());
            assertTrue(
                    kolo.lines().getFirst().startsWith("kolo: "), kolo.lines().getFirst());
            assertTrue(kolo.lines().getFirst().contains(why), kolo.lines().getFirst());
        }
    }

    @Test
    void shouldTakeTheClusterOfRayAddressByDefault() throws InterruptedException {
        try (KoloProcess kolo = KoloProcess.start(Map.of("RAY_ADDRESS", "127.0.0.1:9"), "run", "digits")) {
            assertEquals(2, kolo.await());
            assertTrue(
                    kolo.lines().getFirst().contains("no Ray cluster answers at 127.0.0.1:9"),
                    kolo.lines().getFirst());
        }
    }

    @ParameterizedTest
    @CsvSource({"rnu,run", "run digts,digits", "run digits --wrokers 2,--workers"})
    void shouldGuessWhatWasMeant(String line, String meant) throws InterruptedException {
        try (KoloProcess kolo = KoloProcess.start(line.split(" "))) {
            assertEquals(2, kolo.await());
            String said = String.join("\n", kolo.lines());
            assertTrue(said.contains("Did you mean " + meant + "?"), said);
        }
    }

    @Test
    void shouldTakeItsWorkersAlongOnCtrlC() throws Exception {
        String kolo = Repository.root().resolve("kolo").toString();
        String[] command = {"setsid", kolo, "run", "digits", "--workers", "2", "--epochs", "1000000"};
        try (KoloProcess session = KoloProcess.command(command)) {
            session.awaitLines("kolo: local engine");
            List<ProcessHandle> workers =
                    ProcessHandle.of(session.pid()).orElseThrow().children().toList();
            assertEquals(2, workers.size());
            long startNs = System.nanoTime();
            signal("-INT", "-" + session.pid()); // the group, as a terminal does it
            assertEquals(SIGINT_EXIT_CODE, session.await(), () -> "" + session.lines());
            assertTrue(workers.stream().noneMatch(ProcessHandle::isAlive));
            Limits.assertWithin(Duration.ofSeconds(2), startNs, "all gone on Ctrl-C");
            assertTrue(session.lines().stream().noneMatch(line -> line.contains("xception")), "" + session.lines());
        }
    }

    @Test
    void shouldNotOutliveADriverThatIsKilled() throws Exception {
        try (KoloProcess kolo = KoloProcess.start("run", "--workers", "2", "digits", "--epochs", "1000000")) {
            kolo.awaitLines("kolo: local engine, 2 workers");
            List<ProcessHandle> workers =
                    ProcessHandle.of(kolo.pid()).orElseThrow().children().toList();
            assertEquals(2, workers.size());
            long startNs = System.nanoTime();
            signal("-KILL", String.valueOf(kolo.pid()));
            for (ProcessHandle worker : workers) {
                worker.onExit().get(60, TimeUnit.SECONDS);
            }
            Limits.assertWithin(Duration.ofSeconds(5), startNs, "no worker after the driver was killed");
        }
    }

    @Test
    void shouldKeepLogsAndASummary(@TempDir Path folder) throws Exception {
        try (KoloProcess kolo = KoloProcess.start(
                "run",
                "--jar",
                Repository.testClasses(),
                "--class",
                Greeting.class.getName(),
                "--nodes",
                "2x{cpu:1}",
                "--workers",
                "2",
                "--log-folder",
                folder.toString())) {
            assertEquals(0, kolo.await(), () -> "" + kolo.lines());
            assertTrue(kolo.lines().contains("[1 node-2] hello from 1/2, 0/1"), () -> "" + kolo.lines());
        }
        try (Stream<Path> jobs = Files.list(folder)) {
            Path job = jobs.toList().getFirst();
            assertEquals("hello from 1/2, 0/1\n", Files.readString(job.resolve("rank-1.log")));
            String text = Files.readString(job.resolve("summary.txt"));
            assertTrue(text.contains("rank 1 on node-2 (process "), text);
            assertTrue(text.contains(" ended with exit code 0"), text);
            assertTrue(text.contains("run 1 of " + Greeting.class.getName() + " on 2 ranks"), text);
            JsonObject json = JsonParser.parseString(Files.readString(job.resolve("summary.json")))
                    .getAsJsonObject();
            JsonObject last = json.getAsJsonArray("workers").get(1).getAsJsonObject();
            assertEquals("node-2", last.get("node").getAsString());
            assertEquals(0, last.get("exitCode").getAsInt());
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(job.resolve("rank-0.log"))));
        }
    }

    @ParameterizedTest
    @CsvSource({"allreduce, 'all-reduce, F32 SUM'", "alltoall, 'all-to-all, F32'"})
    void shouldMeasureAndCheckCollectives(String collective, String title, @TempDir Path folder) throws Exception {
        Path csv = folder.resolve("figures.csv");
        Path json = folder.resolve("figures.json");
        try (KoloProcess kolo = KoloProcess.start(
                "bench", collective, "-n2", "--max=64K", "--memory=shared", "--csv=" + csv, "--json=" + json)) {
            assertEquals(0, kolo.await(), () -> "" + kolo.lines());
            assertTrue(
                    kolo.lines().contains(title + ", 2 ranks, shared memory of 2 ranks, shared buffers"),
                    () -> "" + kolo.lines());
        }
        assertEquals(5, Files.readAllLines(csv).size(), "a header, and 1, 4, 16 and 64 KiB");
        JsonArray rows =
                JsonParser.parseString(Files.readString(json)).getAsJsonObject().getAsJsonArray("rows");
        assertEquals(4, rows.size());
        for (JsonElement row : rows) {
            assertEquals(0, row.getAsJsonObject().get("wrong").getAsLong(), row.toString());
        }
    }

    private static void signal(String name, String target) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", name, "--", target)
                        .inheritIO()
                        .start()
                        .waitFor());
    }

    static Path jarOf(Path folder, Class<?> type) throws IOException {
        Path jar = folder.resolve("user.jar");
        String entry = type.getName().replace('.', '/') + ".class";
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                InputStream bytes = type.getClassLoader().getResourceAsStream(entry)) {
            JarEntry file = new JarEntry(entry);
            file.setTime(0); // the same jar each time
            out.putNextEntry(file);
            bytes.transferTo(out);
        }
        return jar;
    }
}
