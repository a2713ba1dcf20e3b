package io.kolo.ray.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Folders that go when their owner does. */
public final class Folders {
    private static final int ATTEMPTS = 10;

    private Folders() {}

    /**
     * Checks that nobody else can get into a folder.
     *
     * @throws IOException if somebody can, with what to do
     */
    static void checkPrivate(Path folder) throws IOException {
        boolean isPrivate = Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                && Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(Path.of("/proc/self")))
                && PosixFilePermissions.toString(Files.getPosixFilePermissions(folder))
                        .equals("rwx------");
        if (!isPrivate) {
            throw new IOException(folder + " is not this user's alone: remove it");
        }
    }

    /** Deletes a folder, if it is there, with all that is in it. */
    public static void delete(Path folder) throws IOException {
        for (int attempt = 1; Files.exists(folder); attempt++) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).collect(Collectors.toList())) {
                    Files.deleteIfExists(file);
                }
            } catch (NoSuchFileException | DirectoryNotEmptyException | UncheckedIOException e) {
                // Others write or delete there, too.
                if (attempt == ATTEMPTS) {
                    throw new IOException(folder + " can't be deleted", e);
                }
            }
        }
    }
}
