package io.kolo.ray;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * SHA-256 of files, in hexadecimal digits, remembered from run to run: a job's jars have gigabytes where it uses GPUs,
 * and seldom change. A file counts as the same as long as its path, its size and its time of change are.
 */
final class Digests {
    private static final System.Logger LOG = System.getLogger(Digests.class.getName());

    /** Digest, size in bytes, time of change in microseconds, path. */
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64}) (\\d{1,18}) (-?\\d{1,18}) (.+)");

    private record Known(String digest, long size, long changedUs) {}

    private final Path memory;
    private final Map<Path, Known> known = new HashMap<>();
    private boolean learned;

    /**
     * Reads what was remembered, if anything was.
     *
     * @param memory the file that has it
     */
    Digests(Path memory) {
        this.memory = memory;
        try {
            for (String line : Files.exists(memory) ? Files.readAllLines(memory) : List.<String>of()) {
                Matcher of = LINE.matcher(line);
                if (of.matches()) {
                    known.put(
                            Path.of(of.group(4)),
                            new Known(of.group(1), Long.parseLong(of.group(2)), Long.parseLong(of.group(3))));
                }
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, memory + " can't be read: all digests are made anew", e);
        }
    }

    /** Returns those that this user's runs remember. */
    static Digests ofUser() {
        String cache = System.getenv("XDG_CACHE_HOME");
        Path folder =
                cache == null || cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return new Digests(folder.resolve("kolo/jar-digests"));
    }

    /** Returns the digest of a file. */
    String of(Path file) throws IOException {
        Path path = file.toAbsolutePath();
        BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
        long changedUs = now.lastModifiedTime().to(TimeUnit.MICROSECONDS);
        Known before = known.get(path);
        if (before != null && before.size == now.size() && before.changedUs == changedUs) {
            return before.digest;
        }
        Known made = new Known(digest(path), now.size(), changedUs);
        known.put(path, made);
        learned = true;
        return made.digest;
    }

    private static String digest(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Returns the digest of bytes. */
    static String of(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Has the next runs know what this one knows of files that are there; where that can't be, they find out anew. */
    void remember() {
        if (!learned) {
            return;
        }
        StringBuilder lines = new StringBuilder();
        known.forEach((path, what) -> {
            if (Files.exists(path)) {
                lines.append(what.digest).append(' ').append(what.size).append(' ');
                lines.append(what.changedUs).append(' ').append(path).append('\n');
            }
        });
        try {
            Path folder = Files.createDirectories(memory.toAbsolutePath().getParent());
            Path next = Files.createTempFile(folder, "jar-digests", "");
            try {
                Files.writeString(next, lines);
                Files.move(next, memory, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(next);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, memory + " can't be written", e);
        }
    }
}
