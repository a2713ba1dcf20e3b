package io.kolo.ray;

import java.io.File;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

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
            Path jar = entry;
            if (Files.isDirectory(entry)) {
                jar = folder.resolve("packed-" + jars.size() + ".jar");
                write(jar, zip(entry, file -> true));
            }
            jars.add(new ShippedJar(jar, sha256(jar)));
        }
        return List.copyOf(jars);
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

    /**
     * Returns the classes of a package as a zip, from wherever this JVM has them.
     *
     * @param one a class of it
     */
    static byte[] zipOfPackageOf(Class<?> one) {
        String prefix = one.getPackageName().replace('.', '/') + "/";
        Path source = sourceOf(one);
        if (Files.isDirectory(source)) {
            return zip(source, file -> file.startsWith(prefix));
        }
        try (JarFile jar = new JarFile(source.toFile());
                Bytes bytes = new Bytes()) {
            for (var entry : jar.stream().toList()) {
                if (entry.getName().startsWith(prefix) && !entry.isDirectory()) {
                    bytes.add(entry.getName(), jar.getInputStream(entry).readAllBytes());
                }
            }
            return bytes.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the jar or folder that a class is from. */
    static Path sourceOf(Class<?> one) {
        return Path.of(URI.create(
                one.getProtectionDomain().getCodeSource().getLocation().toString()));
    }

    private static byte[] zip(Path folder, Predicate<String> chosen) {
        try (Stream<Path> files = Files.walk(folder);
                Bytes bytes = new Bytes()) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = folder.relativize(file).toString().replace(File.separatorChar, '/');
                if (chosen.test(name)) {
                    bytes.add(name, Files.readAllBytes(file));
                }
            }
            return bytes.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A zip in memory; the same files give the same bytes. */
    private static final class Bytes implements AutoCloseable {
        private final java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
        private final ZipOutputStream zip = new ZipOutputStream(bytes);

        void add(String name, byte[] contents) throws IOException {
            ZipEntry entry = new ZipEntry(name);
            entry.setTime(0);
            zip.putNextEntry(entry);
            zip.write(contents);
        }

        byte[] finish() throws IOException {
            zip.finish();
            return bytes.toByteArray();
        }

        @Override
        public void close() throws IOException {
            zip.close();
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
