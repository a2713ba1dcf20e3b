package io.kolo.ray;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import io.kolo.ray.node.Frame;
import io.kolo.ray.node.Submitted;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A program that is to run on a cluster's head as the driver of a job.
 *
 * @param mainClass its class
 * @param classPath where it is
 * @param jvmArgs of its JVM
 * @param args its arguments
 * @param files jars, and folders of classes, that it finds by a path relative to where it runs
 * @param id what the job is to be called, or null for a name of Ray's
 */
public record Submission(
        String mainClass,
        List<Path> classPath,
        List<String> jvmArgs,
        List<String> args,
        Map<String, Path> files,
        @Nullable String id) {
    private static final String SCRIPT = "kolo";

    /** What goes to the cluster: the working folder, and what the other packages are made from. */
    record Packed(ByteString workingFolder, List<JarPackage> jars) {}

    /**
     * Packs it.
     *
     * @param folder for what has to be packed on the disk
     */
    Packed pack(Path folder) {
        StringBuilder contents = new StringBuilder();
        jvmArgs.forEach(argument -> line(contents, Submitted.JVM, argument));
        line(contents, Submitted.MAIN, mainClass);
        List<ShippedJar> own = ShippedJar.ofClassPath(classPath, folder);
        List<ShippedJar> more = new ArrayList<>();
        new TreeMap<>(files).forEach((name, path) -> {
            List<ShippedJar> named = ShippedJar.ofClassPath(List.of(path), folder);
            line(contents, Submitted.JAR, named.getFirst().digest() + " " + name);
            more.addAll(named);
        });
        Stream.concat(own.stream(), more.stream()).forEach(jar -> line(contents, Submitted.CLASS_PATH, jar.digest()));
        byte[] workingFolder = new Zip()
                .addPackageOf(Frame.class)
                .add(SCRIPT, script())
                .add(Submitted.CONTENTS, contents.toString().getBytes(UTF_8))
                .add(
                        "job",
                        UUID.randomUUID().toString().getBytes(UTF_8)) // jobs of the same jars have folders of their own
                .bytes();
        List<ShippedJar> ownJars = ShippedJar.distinct(own);
        more.removeIf(jar -> ownJars.stream().anyMatch(one -> one.digest().equals(jar.digest())));
        List<JarPackage> packages = new ArrayList<>(JarPackage.of(ownJars)); // the same for every job
        packages.addAll(JarPackage.of(ShippedJar.distinct(more)));
        return new Packed(ByteString.copyFrom(workingFolder), packages);
    }

    private static void line(StringBuilder contents, String word, String what) {
        if (what.contains("\n")) {
            throw new IllegalArgumentException("no line break can be in " + what);
        }
        contents.append(word).append(' ').append(what).append('\n');
    }

    private static byte[] script() {
        try (InputStream in = Objects.requireNonNull(Submission.class.getResourceAsStream(SCRIPT))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the command that Ray runs, for a POSIX shell, whose place it takes: who kills that kills the script. */
    String entrypoint() {
        return "exec sh " + SCRIPT + args.stream().map(arg -> " " + quoted(arg)).collect(Collectors.joining());
    }

    private static String quoted(String argument) {
        return argument.matches("[\\w@%+=:,./-]+") ? argument : "'" + argument.replace("'", "'\\''") + "'";
    }
}
