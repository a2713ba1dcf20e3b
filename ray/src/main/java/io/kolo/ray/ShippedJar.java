package io.kolo.ray;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Digests digests = Digests.ofUser();
        List<ShippedJar> jars =
                entries.stream().map(entry -> of(entry, folder, digests)).toList();
        digests.remember();
        return jars;
    }

    /**
     * Returns a jar, or a folder packed into one.
     *
     * @param folder where to put what has to be packed
     */
    private static ShippedJar of(Path entry, Path folder, Digests digests) {
        try {
            if (!Files.isDirectory(entry)) {
                return new ShippedJar(entry, digests.of(entry));
            }
            byte[] zip = new Zip().addFolder(entry, file -> true).bytes();
            String digest = Digests.of(zip);
            return new ShippedJar(Files.write(folder.resolve(digest + ".jar"), zip), digest);
        } catch (IOException e) {
            throw unreadable(entry, e);
        }
    }

    private static UncheckedIOException unreadable(Path entry, IOException why) {
        return new UncheckedIOException(entry + " is on the class path and can't be read", why);
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
            throw unreadable(entry, e);
        }
    }
}
