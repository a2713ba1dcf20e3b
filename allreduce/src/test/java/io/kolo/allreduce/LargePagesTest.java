package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

class LargePagesTest {
    private static final long LENGTH = LargePages.WORTHWHILE_BYTES + 5 * HostMemory.ALIGNMENT;
    private static final long NAME = 1;
    private static final long PROOF = 2;

    /** Only files in memory have large pages. */
    static final class InMemory implements TempDirFactory {
        @Override
        public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext test) throws IOException {
            return Files.createTempDirectory(Path.of("/dev/shm"), "kolo-test-");
        }
    }

    @TempDir(factory = InMemory.class)
    private Path folder;

    @Test
    void shouldMapTheSameZerosTwiceWhereLargePagesFit() throws IOException {
        try (HostMemory made = HostMemory.create(folder, LENGTH, NAME, PROOF);
                HostMemory found = HostMemory.open(folder, LENGTH, NAME, PROOF)) {
            assertEquals(0, found.segment().address() % LargePages.BYTES);
            MemorySegment part = made.part(0, LENGTH - HostMemory.HEADER);
            MemorySegment same = found.part(0, LENGTH - HostMemory.HEADER);
            for (long at = 0; at < same.byteSize(); at += Long.BYTES) {
                assertEquals(0, same.get(ValueLayout.JAVA_LONG, at));
            }
            part.fill((byte) 7);
            assertEquals(-1, part.mismatch(same));
        }
    }

    @Test
    void shouldUnmapAllWhenItIsClosed() throws IOException {
        HostMemory memory = HostMemory.create(folder, LENGTH, NAME, PROOF);
        assertEquals(1, mappings());
        memory.close();
        assertEquals(0, mappings());
        assertThrows(IllegalStateException.class, () -> memory.segment().get(ValueLayout.JAVA_BYTE, 0));
    }

    private long mappings() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains(folder.toString())).count();
        }
    }
}
