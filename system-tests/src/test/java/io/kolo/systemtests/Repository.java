package io.kolo.systemtests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The checkout that is being tested. */
final class Repository {
    private Repository() {}

    /** Maven runs tests in the module's folder. */
    static Path root() {
        Path root = Path.of("").toAbsolutePath().getParent();
        if (root == null || !Files.exists(root.resolve("kolo"))) {
            throw new AssertionError(
                    "not started in a module of Kolo: " + Path.of("").toAbsolutePath());
        }
        return root;
    }

    /** Returns the classes of these tests, as a user's program for the command line. */
    static String testClasses() {
        return root().resolve("system-tests/target/test-classes").toString();
    }

    static String read(String file) {
        try {
            return Files.readString(root().resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
