package io.kolo.executor.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Leftovers.class)
class JobFolderTest {
    private static final Path MEMORY = Path.of("/dev/shm");

    /** Another process: says whether a file is locked. */
    static final class LockProbe {
        static final int HELD = 3;

        private LockProbe() {}

        public static void main(String[] args) throws IOException {
            try (FileChannel channel = FileChannel.open(Path.of(args[0]), StandardOpenOption.WRITE)) {
                System.exit(channel.tryLock() == null ? HELD : 0);
            }
        }
    }

    @Test
    void shouldBeReadableByItsOwnerAlone() throws IOException {
        try (JobFolder folder = JobFolder.create()) {
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.path())));
        }
    }

    @Test
    void shouldSweepTheFolderOfADriverThatWasKilledButNotOneThatLives() throws IOException {
        Path dead = Files.createTempDirectory(MEMORY, "kolo-dead-");
        Files.createFile(dead.resolve("driver.lock"));
        Files.createFile(Files.createDirectory(dead.resolve("worker-0")).resolve("cnc.dat"));
        Path unshown = Files.createTempDirectory(MEMORY, ".kolo-dead-");
        Path beingMade = Files.createTempDirectory(MEMORY, ".kolo-young-");
        Files.setLastModifiedTime(unshown, FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
        try (JobFolder first = JobFolder.create();
                JobFolder second = JobFolder.create()) {
            assertFalse(Files.exists(dead));
            assertFalse(Files.exists(unshown));
            assertTrue(Files.exists(beingMade));
            assertTrue(Files.exists(first.path()));
            assertTrue(Files.exists(second.path()));
        } finally {
            Files.deleteIfExists(beingMade);
        }
    }

    @Test
    void shouldKeepItsLockWhenAnotherJobOfThisJvmStartsAndEnds() throws Exception {
        try (JobFolder folder = JobFolder.create()) {
            JobFolder.create().close();
            // Such locks are per process: only another one can tell.
            Process other = new ProcessBuilder(
                            ProcessHandle.current().info().command().orElseThrow(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            LockProbe.class.getName(),
                            folder.path().resolve("driver.lock").toString())
                    .inheritIO()
                    .start();
            assertEquals(LockProbe.HELD, other.waitFor());
        }
    }

    @Test
    void shouldLeaveAFolderAloneThatOthersMayEnter() throws IOException {
        Path foreign = Files.createTempDirectory(MEMORY, "kolo-stranger-");
        Path lock = Files.createFile(foreign.resolve("driver.lock"));
        Files.setPosixFilePermissions(foreign, PosixFilePermissions.fromString("rwxrwxrwx"));
        try {
            JobFolder.create().close();
            assertTrue(Files.exists(foreign));
        } finally {
            Files.deleteIfExists(lock);
            Files.deleteIfExists(foreign);
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
