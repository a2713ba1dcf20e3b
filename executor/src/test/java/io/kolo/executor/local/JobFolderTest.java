package io.kolo.executor.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
class JobFolderTest {
    @Test
    void shouldBeReadableByItsOwnerAlone() throws IOException {
        try (JobFolder folder = JobFolder.create()) {
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.path())));
        }
    }

    @Test
    void shouldSweepTheFolderOfADriverThatWasKilledButNotOneThatLives() throws IOException {
        Path dead = Files.createDirectory(Path.of("/dev/shm/kolo-of-a-dead-driver"));
        Files.createFile(dead.resolve("driver.lock"));
        Files.createFile(Files.createDirectory(dead.resolve("worker-0")).resolve("cnc.dat"));
        try (JobFolder first = JobFolder.create();
                JobFolder second = JobFolder.create()) {
            assertFalse(Files.exists(dead));
            assertTrue(Files.exists(first.path()));
            assertTrue(Files.exists(second.path()));
        }
    }

    @Test
    void shouldGoWithItsLastWorkerWhenTheDriverIsGone() throws IOException {
        JobFolder folder = JobFolder.create();
        Path first = Files.createDirectory(folder.path().resolve("worker-0"));
        Path second = Files.createDirectory(folder.path().resolve("worker-1"));
        JobFolder.abandon(first);
        assertTrue(Files.exists(second));
        JobFolder.abandon(second);
        assertFalse(Files.exists(folder.path()));
        folder.close();
    }
}
