package io.kolo.ray.node;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds a JDK for Kolo's processes where JDKs usually are. */
public final class JavaHomes {
    /** The version that they need. */
    public static final int NEEDED = 25;

    private static final Pattern VERSION = Pattern.compile("JAVA_VERSION=\"(\\d+).*");
    private static final List<String> FOLDERS =
            List.of("/usr/lib/jvm", "/usr/local/lib/jvm", "/opt", "/opt/java", "/Library/Java/JavaVirtualMachines");
    private static final List<String> IN_HOME = List.of(".sdkman/candidates/java", ".jdks");

    private JavaHomes() {}

    /**
     * Returns the {@code java} of this process or of {@code JAVA_HOME}, if it suits, or else one of the usual places.
     */
    static Optional<Path> find() {
        List<Path> homes = new ArrayList<>();
        homes.add(Path.of(System.getProperty("java.home")));
        String own = System.getenv("JAVA_HOME");
        if (own != null) {
            homes.add(Path.of(own));
        }
        FOLDERS.forEach(folder -> homes.addAll(inside(Path.of(folder))));
        IN_HOME.forEach(folder -> homes.addAll(inside(Path.of(System.getProperty("user.home"), folder))));
        return homes.stream()
                .filter(home -> versionOf(home) == NEEDED)
                .map(home -> home.resolve("bin/java"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Says that there is none on a node, and what to do. */
    public static String missing(String node) {
        return node + " has no JDK " + NEEDED
                + ", neither as JAVA_HOME nor where JDKs usually are, such as /usr/lib/jvm: install one";
    }

    private static List<Path> inside(Path folder) {
        List<Path> homes = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            entries.forEach(homes::add);
        } catch (NotDirectoryException | java.nio.file.NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            return List.of(); // not for this user
        }
        homes.sort(null);
        return homes;
    }

    /** Returns the version that a JDK's file {@code release} names, or 0. */
    private static int versionOf(Path home) {
        try {
            return Files.readAllLines(home.resolve("release")).stream()
                    .map(VERSION::matcher)
                    .filter(java.util.regex.Matcher::matches)
                    .mapToInt(found -> Integer.parseInt(found.group(1)))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
