package io.kolo.executor.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A job's own folder on a file system in memory, readable by its user alone. The driver holds a lock in it for as long
 * as it lives: a folder whose lock is free belongs to a driver that was killed, and the next job sweeps it away.
 */
public final class JobFolder implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(JobFolder.class.getName());
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final String PREFIX = "kolo-";
    private static final String HIDDEN = ".";
    private static final String OWN_PREFIX = PREFIX + ProcessHandle.current().pid() + "-";
    private static final String ONLY_OWNER_MAY = "rwx------";
    private static final String LOCK = "driver.lock";
    private static final String HOST_PREFIX = "host-";
    private static final String JOURNALS = "journals";

    /** Beside the folders of processes. */
    private static final Set<String> KEPT = Set.of(LOCK, JOURNALS, JobRequests.FOLDER);

    private static final Duration LOCKED_WITHIN = Duration.ofMinutes(1);
    private static final FileAttribute<?> ONLY_OWNER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(ONLY_OWNER_MAY));

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
            Path unlocked = inMemory
                    ? Files.createTempDirectory(MEMORY, HIDDEN + OWN_PREFIX, ONLY_OWNER)
                    : Files.createTempDirectory(HIDDEN + OWN_PREFIX, ONLY_OWNER);
            return lockedAndShown(unlocked);
        } catch (IOException e) {
            throw new UncheckedIOException("no folder for the job's shared files", e);
        }
    }

    private static JobFolder lockedAndShown(Path unlocked) throws IOException {
        try {
            FileChannel channel =
                    FileChannel.open(unlocked.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            channel.lock();
            // Only now may another job's sweep see it.
            String name = String.valueOf(unlocked.getFileName()).substring(HIDDEN.length());
            return new JobFolder(Files.move(unlocked, unlocked.resolveSibling(name)), channel);
        } catch (IOException e) {
            delete(unlocked);
            throw e;
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
     * Makes, unless it is there, the folder that all workers of a node have in common.
     *
     * @param own a worker's folder within a job's folder
     */
    public static Path ofHost(Path own, String host) throws IOException {
        return Files.createDirectories(own.resolveSibling(HOST_PREFIX + host));
    }

    /**
     * Makes, unless it is there, the folder for what outlives any process of the job.
     *
     * @param own a process's folder within a job's folder
     */
    public static Path ofJournals(Path own) throws IOException {
        return Files.createDirectories(own.resolveSibling(JOURNALS));
    }

    private static boolean isWorkers(Path file) {
        String name = String.valueOf(file.getFileName());
        return !KEPT.contains(name) && !name.startsWith(HOST_PREFIX);
    }

    /** Returns the folders of this user's jobs that run on this machine, by the process id of their driver. */
    public static Map<Long, Path> running() {
        Map<Long, Path> running = new TreeMap<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(MEMORY, PREFIX + "[0-9]*-*")) {
            for (Path folder : folders) {
                String pid = String.valueOf(folder.getFileName()).split("-", -1)[1];
                if (isPrivateToThisUser(folder)
                        && ProcessHandle.of(Long.parseLong(pid)).isPresent()) {
                    running.put(Long.valueOf(pid), folder);
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.log(System.Logger.Level.DEBUG, "not all jobs are found", e);
        }
        return running;
    }

    /** Deletes the folder of a process that is gone. */
    void discard(String process) {
        try {
            delete(path.resolve(process));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "could not delete the folder of " + process, e);
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
            try (DirectoryStream<Path> rest = Files.newDirectoryStream(job, JobFolder::isWorkers)) {
                if (rest.iterator().hasNext()) {
                    return;
                }
            }
            delete(job);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "could not delete " + own, e);
        }
    }

    private static void sweep(Path parent) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, "{" + HIDDEN + ",}" + PREFIX + "*")) {
            for (Path folder : folders) {
                sweepOne(folder);
            }
        }
    }

    private static void sweepOne(Path folder) {
        try {
            if (isPrivateToThisUser(folder)
                    && !isOfThisProcess(folder)
                    && (isHidden(folder) ? isStale(folder) : isOwnerless(folder))) {
                delete(folder);
            }
        } catch (IOException e) {
            // Somebody is still in it, or sweeps as well: the next job tries again.
        }
    }

    /** Closing any channel of a file gives up all locks that the process has on it: its own must not be opened. */
    private static boolean isOfThisProcess(Path folder) {
        return String.valueOf(folder.getFileName()).startsWith(OWN_PREFIX);
    }

    private static boolean isHidden(Path folder) {
        return String.valueOf(folder.getFileName()).startsWith(HIDDEN);
    }

    /** It takes a driver milliseconds to lock and show its folder; if it has not in a minute, it was killed. */
    private static boolean isStale(Path folder) throws IOException {
        return Files.getLastModifiedTime(folder)
                .toInstant()
                .isBefore(Instant.now().minus(LOCKED_WITHIN));
    }

    private static boolean isPrivateToThisUser(Path folder) throws IOException {
        PosixFileAttributes attributes =
                Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return attributes.isDirectory()
                && attributes.permissions().equals(PosixFilePermissions.fromString(ONLY_OWNER_MAY))
                && attributes.owner().equals(Files.getOwner(Path.of("/proc/self")));
    }

    private static boolean isOwnerless(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE);
                FileLock free = channel.tryLock()) {
            return free != null;
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
