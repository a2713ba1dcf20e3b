package io.kolo.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.checkpoint.GenerationRecord.Member;
import io.kolo.testkit.Seeded;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Seeded
@Timeout(120)
class JournalTest {
    @TempDir
    private Path folder;

    private static GenerationRecord generation(int number, long baseStep, int size) {
        List<Member> members = IntStream.range(0, size)
                .mapToObj(rank -> new Member(number * 10 + rank, "höst-" + rank % 2, rank == 0))
                .toList();
        return new GenerationRecord(number, baseStep, number - 1, baseStep * 3, members);
    }

    @Test
    void shouldHaveWhatWasWrittenWhenItIsOpenedAgain() {
        try (Journal journal = Journal.open(folder)) {
            assertEquals(List.of(), journal.records());
            assertTrue(journal.append(generation(1, 0, 3)));
            assertTrue(journal.append(generation(2, 17, 2)));
            assertEquals(List.of(generation(1, 0, 3), generation(2, 17, 2)), journal.records());
        }
        try (Journal again = Journal.open(folder)) {
            assertEquals(2, again.records().size());
            assertTrue(again.append(generation(3, 17, 4)));
        }
        assertEquals(Map.of(1L, 3, 18L, 4), Ledger.read(folder).sizes(), "generation 2 has no step that counts");
    }

    @Test
    void shouldTakeOneSuccessorOfEachGeneration() {
        try (Journal one = Journal.open(folder);
                Journal other = Journal.open(folder)) {
            assertTrue(one.append(generation(1, 0, 3)));
            assertFalse(other.append(generation(1, 0, 2)), "it is taken");
            assertTrue(other.append(generation(2, 5, 2)));
            assertFalse(one.append(generation(2, 6, 3)));
            assertEquals(List.of(generation(1, 0, 3), generation(2, 5, 2)), one.records());
            assertThrows(IllegalArgumentException.class, () -> one.append(generation(4, 6, 3)));
        }
    }

    @Test
    void shouldRefuseARecordWithAnyBitChanged(SplittableRandom random) {
        byte[] bytes = generation(3, 1L << 40, 5).encode();
        assertEquals(generation(3, 1L << 40, 5), GenerationRecord.decode(bytes));
        for (int i = 0; i < 1000; i++) {
            byte[] changed = bytes.clone();
            changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
            assertThrows(IllegalArgumentException.class, () -> GenerationRecord.decode(changed));
            byte[] cut = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            assertThrows(IllegalArgumentException.class, () -> GenerationRecord.decode(cut));
        }
    }

    @Test
    void shouldSayThatItIsDamaged() throws IOException {
        try (Journal journal = Journal.open(folder)) {
            assertTrue(journal.append(generation(1, 0, 3)));
        }
        Path file;
        try (Stream<Path> files = Files.list(folder)) {
            file = files.filter(each -> each.toString().endsWith(".cq4"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] host = "höst-1".getBytes(StandardCharsets.UTF_8);
        int place = indexOf(Files.readAllBytes(file), host);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {'H'}), place);
        }
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> Ledger.read(folder));
        assertTrue(error.toString().contains("damaged"), error.toString());
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        return IntStream.range(0, bytes.length - part.length)
                .filter(i -> Arrays.equals(bytes, i, i + part.length, part, 0, part.length))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void shouldSayWhenThereIsNone() {
        Path missing = folder.resolve("none");
        assertThrows(IllegalArgumentException.class, () -> Ledger.read(missing));
        assertFalse(Files.exists(missing));
    }

    /** Processes that write as fast as they can, killed at random; what they said was written is there. */
    @Test
    void shouldKeepWhatWasWrittenWhenItsWriterIsKilled(SplittableRandom random) throws Exception {
        int written = 0;
        for (int round = 0; round < 5; round++) {
            Process writer = writer();
            int until = written + random.nextInt(1, 2000);
            try (BufferedReader lines = writer.inputReader(StandardCharsets.UTF_8)) {
                while (written < until) {
                    String line = lines.readLine();
                    assertNotNull(line, "the writer has ended");
                    written = Integer.parseInt(line);
                }
                assertTrue(writer.toHandle().destroyForcibly()); // its output is still there, unlike with Process
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    written = Math.max(written, line.isEmpty() ? 0 : Integer.parseInt(line));
                }
            }
            try (Journal journal = Journal.open(folder)) {
                int there = journal.records().size();
                assertTrue(there == written || there == written + 1, there + " records, " + written + " told");
                written = there;
            }
        }
    }

    private Process writer() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--"))
                .forEach(command::add);
        command.addAll(List.of(
                "-cp", ManagementFactory.getRuntimeMXBean().getClassPath(), Writer.class.getName(), folder.toString()));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** A process that writes, and tells of each record that it has written. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) {
            try (Journal journal = Journal.open(Path.of(args[0]))) {
                int number = journal.records().size();
                while (journal.append(generation(++number, number, 3))) {
                    System.out.println(number);
                }
            }
        }
    }
}
