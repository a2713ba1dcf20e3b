package io.kolo.executor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarFile;

/** A user's jars. */
final class Jars {
    private Jars() {}

    /**
     * Checks that a jar, or a folder of classes, can be opened.
     *
     * @throws IllegalArgumentException with what to do
     */
    static void check(Path jar) {
        if (!Files.isReadable(jar)) {
            throw new IllegalArgumentException("jar " + jar + " can't be read: check the path");
        }
        if (Files.isDirectory(jar)) {
            return;
        }
        try (JarFile opened = new JarFile(jar.toFile())) {
            opened.size();
        } catch (IOException e) {
            throw new IllegalArgumentException("jar " + jar + " is none (" + e.getMessage() + "): build it again", e);
        }
    }
}
