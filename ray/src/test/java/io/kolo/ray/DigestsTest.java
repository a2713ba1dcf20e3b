package io.kolo.ray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DigestsTest {
    /** Of "abc": FIPS 180-2, appendix B.1. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    private static final FileTime CHANGED = FileTime.fromMillis(1_700_000_000_000L);

    @TempDir
    private Path folder;

    private Path memory = Path.of("");
    private Path jar = Path.of("");

    @BeforeEach
    void writeJar() throws IOException {
        memory = folder.resolve("cache/kolo/jar-digests");
        jar = write("abc", CHANGED);
    }

    private Path write(String contents, FileTime changed) throws IOException {
        return Files.setLastModifiedTime(Files.writeString(folder.resolve("a jar.jar"), contents), changed);
    }

    private String digest() throws IOException {
        Digests digests = new Digests(memory);
        String digest = digests.of(jar);
        digests.remember();
        return digest;
    }

    @Test
    void shouldReadAFileOnceAsLongAsItStaysTheSame() throws IOException {
        assertEquals(ABC, digest());
        write("xyz", CHANGED); // which nothing but its bytes tells
        assertEquals(ABC, digest());
    }

    @Test
    void shouldReadAFileAgainThatHasChanged() throws IOException {
        assertEquals(ABC, digest());
        write("abcd", CHANGED);
        assertFalse(digest().equals(ABC), "of another size");
        write("xyz", FileTime.fromMillis(CHANGED.toMillis() + 1));
        assertEquals(Digests.of("xyz".getBytes(java.nio.charset.StandardCharsets.US_ASCII)), digest());
    }

    @Test
    void shouldForgetFilesThatAreGone() throws IOException {
        assertEquals(ABC, digest());
        Files.delete(jar);
        jar = Files.writeString(folder.resolve("other.jar"), "abc");
        assertEquals(ABC, digest());
        assertFalse(Files.readString(memory).contains("a jar.jar"), () -> "it is remembered still");
    }

    @Test
    void shouldDoWithoutAMemoryThatIsNoneOfIts() throws IOException {
        Files.createDirectories(memory.getParent());
        Files.writeString(memory, ABC + "\nnot a line of it\n");
        assertEquals(ABC, digest());
        Files.delete(memory);
        Files.createDirectory(memory); // can't be read, nor written
        assertEquals(ABC, digest());
        try (Stream<Path> files = Files.list(memory.getParent())) {
            assertEquals(List.of(memory), files.toList());
        }
    }
}
