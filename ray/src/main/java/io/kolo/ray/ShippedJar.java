package io.kolo.ray;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/**
 * A jar of a class path on its way to the nodes.
 *
 * @param digest SHA-256 of its bytes, in hexadecimal digits
 */
record ShippedJar(Path path, String digest) {
    /**
     * Returns the jars of a class path, with those that the manifests of others name; folders are packed into jars.
     *
     * @param folder where to put what has to be packed
     */
    static List<ShippedJar> ofClassPath(List<Path> classPath, Path folder) {
        Set<Path> entries = new LinkedHashSet<>();
        classPath.forEach(entry -> addWithNamed(entry.normalize(), entries));
        List<ShippedJar> jars = new ArrayList<>();
        for (Path entry : entries) {
            jars.add(of(entry, folder));
        }
        return List.copyOf(jars);
    }

    /**
     * Returns a jar, or a folder packed into one.
     *
     * @param folder where to put what has to be packed
     */
    private static ShippedJar of(Path entry, Path folder) {
        if (!Files.isDirectory(entry)) {
            return new ShippedJar(entry, sha256(entry));
        }
        byte[] zip = new Zip().addFolder(entry, file -> true).bytes();
        String digest = sha256(zip);
        Path jar = folder.resolve(digest + ".jar");
        write(jar, zip);
        return new ShippedJar(jar, digest);
    }

    /** Returns each jar once, though several may have the same bytes. */
    static List<ShippedJar> distinct(List<ShippedJar> jars) {
        Map<String, ShippedJar> byDigest = new LinkedHashMap<>();
        jars.forEach(jar -> byDigest.putIfAbsent(jar.digest, jar));
        return List.copyOf(byDigest.values());
    }

    /** A jar's manifest may name others, relative to where it is; where it goes to, they are not beside it. */
    private static void addWithNamed(Path entry, Set<Path> entries) {
        if (!Files.exists(entry) || !entries.add(entry) || Files.isDirectory(entry)) {
            return;
        }
        try (JarFile jar = new JarFile(entry.toFile())) {
            Manifest manifest = jar.getManifest();
            String named =
                    manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
            if (named != null) {
                for (String other : named.strip().split("\\s+", -1)) {
                    URI uri = entry.toUri().resolve(other);
                    if ("file".equals(uri.getScheme())) {
                        addWithNamed(Path.of(uri).normalize(), entries);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(entry + " is on the class path and can't be read", e);
        }
    }

    private static void write(Path file, byte[] contents) {
        try {
            Files.write(file, contents);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(Path file) {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha256())) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (IOException e) {
            throw new UncheckedIOException(file + " is on the class path and can't be read", e);
        }
    }

    /** Returns the digest of bytes, in hexadecimal digits. */
    static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
