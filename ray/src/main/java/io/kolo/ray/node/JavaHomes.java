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

/** Finds a JDK for the workers where JDKs usually are. */
final class JavaHomes {
    private static final Pattern VERSION = Pattern.compile("JAVA_VERSION=\"(\\d+).*");
    private static final List<String> FOLDERS =
            List.of("/usr/lib/jvm", "/usr/local/lib/jvm", "/opt", "/opt/java", "/Library/Java/JavaVirtualMachines");
    private static final List<String> IN_HOME = List.of(".sdkman/candidates/java", ".jdks");

    private JavaHomes() {}

    /**
     * Returns the {@code java} of a version.
     *
     * @param feature such as 25
     * @param first homes that are looked at before the usual places
     */
    static Optional<Path> find(int feature, List<String> first) {
        List<Path> homes = new ArrayList<>();
        first.forEach(home -> homes.add(Path.of(home)));
        FOLDERS.forEach(folder -> homes.addAll(inside(Path.of(folder))));
        IN_HOME.forEach(folder -> homes.addAll(inside(Path.of(System.getProperty("user.home"), folder))));
        return homes.stream()
                .filter(home -> versionOf(home) == feature)
                .map(home -> home.resolve("bin/java"))
                .filter(Files::isExecutable)
                .findFirst();
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
