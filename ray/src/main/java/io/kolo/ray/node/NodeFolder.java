package io.kolo.ray.node;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The folder in memory of a job's workers on one node. Its supervisors share it, each with a shared lock in it while it
 * has workers there: once none of them is left, however that came, whoever sweeps next on this machine finds the lock
 * free.
 */
final class NodeFolder {
    private static final String LOCK = "driver.lock";
    private static final String JOURNALS = "journals";
    private static final int ATTEMPTS = 10;

    private final Path path;
    private final FileChannel channel;

    private NodeFolder(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Enters it, as the first or as another one.
     *
     * @param job unique to the job
     */
    static NodeFolder enter(String job) throws IOException {
        Path memory = Path.of("/dev/shm");
        Path parent = Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
        Path path = parent.resolve("kolo-0-" + job);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                FileChannel channel = lock(path);
                if (Files.exists(path.resolve(LOCK))) {
                    return new NodeFolder(path, channel);
                }
                channel.close();
            } catch (NoSuchFileException e) {
                // It was swept away meanwhile, as one that is nobody's.
            }
        }
        throw new IOException(path + " vanishes again and again");
    }

    private static FileChannel lock(Path path) throws IOException {
        try {
            Files.createDirectory(
                    path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            Folders.checkPrivate(path); // another supervisor was here first
        }
        FileChannel channel = FileChannel.open(
                path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        channel.lock(0, Long.MAX_VALUE, true);
        return channel;
    }

    /** Returns whether it is there; the last worker that is left without a driver may have deleted it. */
    boolean isThere() {
        return Files.exists(path.resolve(LOCK));
    }

    /** Returns whether a coordinator has written there what the next one goes on with. */
    boolean hasJournals() {
        return Files.exists(path.resolve(JOURNALS));
    }

    /** Makes a worker's folder, and returns it. */
    Path of(String worker) throws IOException {
        return Files.createDirectories(path.resolve(worker));
    }

    /** Deletes a worker's folder. */
    void discard(String worker) throws IOException {
        Folders.delete(path.resolve(worker));
    }

    /** Leaves it; the last one deletes it. */
    void leave() throws IOException {
        channel.close();
        try (FileChannel last = FileChannel.open(path.resolve(LOCK), StandardOpenOption.WRITE);
                FileLock alone = last.tryLock()) {
            if (alone != null) {
                Folders.delete(path);
            }
        } catch (NoSuchFileException e) {
            // Another one was the last.
        }
    }
}
