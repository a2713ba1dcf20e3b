package io.kolo.ray.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;

/**
 * The jars that jobs have brought to this node, by the SHA-256 of their bytes; the next job that has one of them need
 * not bring it again. What nobody has used for a week goes.
 */
final class JarStore {
    private static final Duration KEPT = Duration.ofDays(7);
    private static final int READ_BYTES = 1 << 16;
    private static final String ONLY_OWNER_MAY = "rwx------";

    private final Path folder;

    private JarStore(Path folder) {
        this.folder = folder;
    }

    /** Opens this user's, which nobody else can write to. */
    static JarStore open() throws IOException {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"), "kolo-jars-" + System.getProperty("user.name"));
        Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(ONLY_OWNER_MAY)));
        Folders.checkPrivate(folder);
        JarStore store = new JarStore(folder);
        store.forgetOld();
        return store;
    }

    private void forgetOld() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                try {
                    FileTime used = Files.readAttributes(file, BasicFileAttributes.class)
                            .lastAccessTime();
                    if (used.toInstant().isBefore(Instant.now().minus(KEPT))) {
                        Files.deleteIfExists(file);
                    }
                } catch (NoSuchFileException e) {
                    // Another supervisor of this node looks through them, too.
                }
            }
        }
    }

    /** Returns where a jar is, or would be. */
    Path path(String digest) {
        if (!digest.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("no digest: " + digest);
        }
        return folder.resolve(digest + ".jar");
    }

    /** Returns whether a jar is here; it stays for another week then. */
    boolean has(String digest) throws IOException {
        try {
            Files.getFileAttributeView(path(digest), BasicFileAttributeView.class)
                    .setTimes(null, FileTime.from(Instant.now()), null);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /**
     * Takes the next bytes of a jar, in order.
     *
     * @param offset how many bytes come before them
     * @param isLast whether nothing comes after them
     * @throws IOException if it is not what its digest says
     */
    void append(String digest, long offset, byte[] bytes, boolean isLast) throws IOException {
        Path whole = path(digest);
        Path part = whole.resolveSibling(digest + "." + ProcessHandle.current().pid());
        if (offset == 0) {
            Files.deleteIfExists(part);
        }
        Files.write(part, bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (isLast) {
            if (!sha256(part).equals(digest)) {
                Files.delete(part);
                throw new IOException("a jar has not come as it was sent: " + digest);
            }
            Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] bytes = new byte[READ_BYTES];
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                digest.update(bytes, 0, count);
            }
            StringBuilder hex = new StringBuilder();
            for (byte each : digest.digest()) {
                hex.append(String.format("%02x", each));
            }
            return hex.toString();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
