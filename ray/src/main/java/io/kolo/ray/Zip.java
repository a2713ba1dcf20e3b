package io.kolo.ray;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** A zip in memory; the same files give the same bytes. */
final class Zip {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final ZipOutputStream zip = new ZipOutputStream(bytes);

    Zip() {}

    /**
     * Begins one.
     *
     * @param level of compression, 0 to 9
     */
    Zip(int level) {
        zip.setLevel(level);
    }

    /** Adds a file. */
    Zip add(String name, byte[] contents) {
        ZipEntry entry = new ZipEntry(name);
        entry.setTime(0);
        try {
            zip.putNextEntry(entry);
            zip.write(contents);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds the classes of a package, from wherever this JVM has them. */
    Zip addPackageOf(Class<?> one) {
        String prefix = one.getPackageName().replace('.', '/') + "/";
        Path source = sourceOf(one);
        if (Files.isDirectory(source)) {
            return addFolder(source, file -> file.startsWith(prefix));
        }
        try (JarFile jar = new JarFile(source.toFile())) {
            for (var entry : jar.stream().toList()) {
                if (entry.getName().startsWith(prefix) && !entry.isDirectory()) {
                    add(entry.getName(), jar.getInputStream(entry).readAllBytes());
                }
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds the files of a folder. */
    Zip addFolder(Path folder, Predicate<String> chosen) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = folder.relativize(file).toString().replace(File.separatorChar, '/');
                if (chosen.test(name)) {
                    add(name, Files.readAllBytes(file));
                }
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the zip; nothing can be added any more. */
    byte[] bytes() {
        try {
            zip.close();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the jar or folder that a class is from. */
    static Path sourceOf(Class<?> one) {
        return Path.of(URI.create(
                one.getProtectionDomain().getCodeSource().getLocation().toString()));
    }
}
