package io.kolo.executor.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * A job's own folder on a file system in memory, readable by its user alone. The driver holds a lock in it for as long
 * as it lives: a folder whose lock is free belongs to a driver that was killed, and the next job sweeps it away.
 */
public final class JobFolder implements AutoCloseable {
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final String PREFIX = "kolo-";
    private static final String LOCK = "driver.lock";
    private static final FileAttribute<?> ONLY_OWNER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path path;
    private final FileChannel lock;

    private JobFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /** Sweeps what killed drivers left, and makes a new folder. */
    public static JobFolder create() {
        try {
            boolean inMemory = Files.isWritable(MEMORY);
            if (inMemory) {
                sweep(MEMORY);
            }
            Path path = inMemory
                    ? Files.createTempDirectory(MEMORY, PREFIX, ONLY_OWNER)
                    : Files.createTempDirectory(PREFIX, ONLY_OWNER);
            FileChannel channel =
                    FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            channel.lock();
            return new JobFolder(path, channel);
        } catch (IOException e) {
            throw new UncheckedIOException("no folder for the job's shared files", e);
        }
    }

    /** Returns where the folder is. */
    public Path path() {
        return path;
    }

    /** Deletes the folder and all that is in it. */
    @Override
    public void close() {
        try {
            lock.close();
            delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What a worker does when its driver is gone: deletes its own folder, and the job's folder once no worker is left
     * in it.
     *
     * @param own a folder within a job's folder
     */
    public static void abandon(Path own) {
        try {
            delete(own);
            Path job = own.resolveSibling(".").normalize();
            try (DirectoryStream<Path> rest = Files.newDirectoryStream(job, file -> !file.endsWith(LOCK))) {
                if (rest.iterator().hasNext()) {
                    return;
                }
            }
            delete(job);
        } catch (IOException e) {
            System.getLogger(JobFolder.class.getName()).log(System.Logger.Level.WARNING, "could not delete " + own, e);
        }
    }

    private static void sweep(Path parent) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path folder : folders) {
                if (isOwnerless(folder)) {
                    delete(folder);
                }
            }
        }
    }

    private static boolean isOwnerless(Path folder) {
        try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE);
                FileLock free = channel.tryLock()) {
            return free != null;
        } catch (IOException | OverlappingFileLockException e) {
            return false; // not one of ours, another user's, or this JVM's
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE; // someone else deletes too
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
