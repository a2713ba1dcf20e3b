package io.kolo.ray;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class SubmissionTest {
    private static final int MIB = 1 << 20;

    @TempDir
    private Path folder;

    /** A jar of about so many bytes. */
    private Path jar(String name, int length) throws IOException {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return Files.write(
                folder.resolve(name),
                new Zip(Deflater.NO_COMPRESSION).add("data", bytes).bytes());
    }

    private static void unzip(byte[] zip, Path into) throws IOException {
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                Path file = into.resolve(entry.getName());
                Files.createDirectories(file.getParent());
                Files.write(file, in.readAllBytes());
            }
        }
    }

    /** As Ray does it: the working folder, and each package in a folder of its own; or only the first ones of those. */
    private static Process start(Submission submission, Path on, int packages) throws IOException {
        Path packing = Files.createDirectories(on.resolve("packing"));
        Path work = Files.createDirectories(on.resolve("work"));
        Submission.Packed packed = submission.pack(packing);
        unzip(packed.workingFolder().toByteArray(), work);
        List<String> folders = new ArrayList<>();
        for (JarPackage each : packed.jars().subList(0, packages)) {
            Path into = Files.createDirectories(on.resolve("package-" + folders.size()));
            unzip(each.zip(), into);
            folders.add(into.toString());
        }
        ProcessBuilder shell = new ProcessBuilder("sh", "-c", submission.entrypoint());
        shell.directory(work.toFile());
        shell.redirectErrorStream(true);
        shell.environment().put("PYTHONPATH", String.join(File.pathSeparator, folders));
        shell.environment().put("JAVA_HOME", System.getProperty("java.home"));
        shell.environment().put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + on);
        return shell.start();
    }

    /** What is submitted here. */
    public static final class Program {
        private Program() {}

        /** Says what it was given. */
        public static void main(String[] args) throws IOException {
            System.out.println(List.of(args) + " " + System.getProperty("seen") + " "
                    + Files.size(Path.of("jars/0.jar")) + " " + Files.size(Path.of("jars/1.jar")));
            System.exit(args.length);
        }
    }

    private static Submission submission(Map<String, Path> files, String... args) {
        return new Submission(
                Program.class.getName(),
                List.of(Zip.sourceOf(Program.class)),
                List.of("-Dseen=as \"told\""),
                List.of(args),
                files,
                null);
    }

    @Test
    void shouldRunWithItsArgumentsAndItsJars() throws IOException, InterruptedException {
        Path big = jar("big.jar", 150 * MIB);
        Path same = Files.copy(big, folder.resolve("same.jar"));
        Submission submission =
                submission(Map.of("jars/0.jar", big, "jars/1.jar", same), "two words", "it's", "", "$HOME *");
        Process driver = start(submission, folder, 4);
        String said = new String(driver.getInputStream().readAllBytes(), UTF_8);
        long size = Files.size(big);
        assertTrue(said.strip().endsWith("[two words, it's, , $HOME *] as \"told\" " + size + " " + size), said);
        assertEquals(4, driver.waitFor());
    }

    @Test
    void shouldSayWhatHasNotCome() throws IOException, InterruptedException {
        Submission submission = submission(Map.of("jars/0.jar", jar("big.jar", 10)));
        Process driver = start(submission, folder, 1);
        String said = new String(driver.getInputStream().readAllBytes(), UTF_8);
        assertTrue(said.strip().matches("(?s).*kolo: a jar of the job has not come with it: [0-9a-f]{64}"), said);
        assertEquals(1, driver.waitFor());
    }

    @Test
    void shouldHaveNoPackageThatRayRefusesAndTheSameOnesForTheSameJars() throws IOException {
        List<Path> files = List.of(jar("a.jar", 100 * MIB), jar("b.jar", 20), jar("c.jar", 70 * MIB));
        List<ShippedJar> jars = ShippedJar.ofClassPath(files, folder);
        List<JarPackage> packages = JarPackage.of(jars);
        assertEquals(3, packages.size());
        long size = 0;
        for (Path file : files) {
            size += Files.size(file);
        }
        assertEquals(size, packages.stream().mapToLong(JarPackage::length).sum());
        for (JarPackage each : packages) {
            assertTrue(each.zip().length < 100 * MIB, () -> "" + each.zip().length);
        }
        assertEquals(
                packages.stream().map(JarPackage::uri).distinct().toList(),
                JarPackage.of(jars).stream().map(JarPackage::uri).toList());
        assertArrayEquals(
                packages.getFirst().zip(), JarPackage.of(jars).getFirst().zip());
    }
}
