package io.kolo.ray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.ray.node.Frame;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShippedJarTest {
    @TempDir
    private Path folder;

    private Path jar(String name, String classPath) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (!classPath.isEmpty()) {
            manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
        }
        Path jar = Files.createDirectories(
                        folder.resolve(name).resolveSibling(".").normalize())
                .resolve(Path.of(name).getFileName());
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            out.putNextEntry(new JarEntry(name.replace('/', '-')));
        }
        return jar;
    }

    private List<Path> paths(Path... classPath) {
        return ShippedJar.ofClassPath(List.of(classPath), folder).stream()
                .map(ShippedJar::path)
                .toList();
    }

    @Test
    void shouldBringWhatManifestsNameOnceAndInOrder() throws IOException {
        Path one = jar("lib/one.jar", "two.jar");
        Path two = jar("lib/two.jar", "one.jar missing.jar");
        Path all = jar("all.jar", "lib/one.jar lib/two.jar");
        assertEquals(List.of(all, one, two), paths(all, two, folder.resolve("nothing.jar")));
    }

    @Test
    void shouldPackFoldersAlikeEachTime() throws IOException {
        Path classes = Files.createDirectories(folder.resolve("classes/a"));
        Files.writeString(classes.resolve("B.class"), "bytes");
        ShippedJar first = ShippedJar.ofClassPath(List.of(folder.resolve("classes")), folder)
                .getFirst();
        try (JarFile jar = new JarFile(first.path().toFile())) {
            assertTrue(jar.getEntry("a/B.class") != null, "it is a jar with the file in it");
        }
        ShippedJar second = ShippedJar.ofClassPath(List.of(folder.resolve("classes")), folder)
                .getFirst();
        assertEquals(first.digest(), second.digest());
        Files.writeString(classes.resolve("B.class"), "other bytes");
        ShippedJar third = ShippedJar.ofClassPath(List.of(folder.resolve("classes")), folder)
                .getFirst();
        assertTrue(!first.digest().equals(third.digest()), "other contents, another digest");
    }

    /** A node runs them on any Java from 11 on, with Ray's libraries and nothing else. */
    @Test
    void shouldSendNodesTheClassesOfTheirPackageForJava11() throws IOException {
        Set<String> names = new HashSet<>();
        try (ZipInputStream zip = new ZipInputStream(
                new ByteArrayInputStream(new Zip().addPackageOf(Frame.class).bytes()))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                byte[] start = zip.readNBytes(8);
                assertEquals(55, start[7], () -> "class file version");
                names.add(entry.getName());
            }
        }
        assertTrue(names.contains("io/kolo/ray/node/Supervisor.class"), names.toString());
        assertTrue(names.stream().allMatch(name -> name.startsWith("io/kolo/ray/node/")), names.toString());
    }
}
