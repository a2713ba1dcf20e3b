package io.kolo.ray.node;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What came with a job that was submitted, on the node where its driver is to run. Ray has unpacked it: into the
 * working folder the file {@code contents}, and into the folders of {@code PYTHONPATH} the parts of jars, each named
 * {@code DIGEST.OFFSET}. The jars go into the node's {@link JarStore}, where the job's workers will find them, too.
 */
public final class Submitted {
    /** The name of the file that says what the job consists of: a line each of a word, a space, and what it is. */
    public static final String CONTENTS = "contents";

    /** An argument of the driver's JVM. */
    public static final String JVM = "jvm";

    /** The driver's main class. */
    public static final String MAIN = "main";

    /** The digest of a jar of the class path of the driver, and of its workers. */
    public static final String CLASS_PATH = "class-path";

    /** The digest of a jar, and after another space the name under which the driver's arguments have it. */
    public static final String JAR = "jar";

    private static final int FAILED = 1;

    private final Map<String, TreeMap<Long, Path>> parts = new TreeMap<>();
    private final JarStore jars = JarStore.open();
    private final Path folder;

    private Submitted(Path folder, String pythonPath) throws IOException {
        this.folder = folder;
        for (String each : pythonPath.split(File.pathSeparator, -1)) {
            if (Files.isDirectory(Path.of(each))) {
                addParts(Path.of(each));
            }
        }
    }

    private void addParts(Path from) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (name.matches("[0-9a-f]{64}\\.[0-9]{1,18}")) {
                    int dot = name.indexOf('.');
                    parts.computeIfAbsent(name.substring(0, dot), digest -> new TreeMap<>())
                            .put(Long.parseLong(name.substring(dot + 1)), file);
                }
            }
        }
    }

    /** Writes the arguments of the driver's JVM into {@code java.arguments}, and prints the {@code java} for it. */
    public static void main(String[] args) {
        try {
            Path java = JavaHomes.find().orElseThrow(() -> new IOException(JavaHomes.missing("this node")));
            String pythonPath = System.getenv("PYTHONPATH");
            new Submitted(Path.of(""), pythonPath == null ? "" : pythonPath).unpack();
            System.out.println(java);
        } catch (IOException e) {
            System.err.println("kolo: " + e.getMessage());
            System.exit(FAILED);
        }
    }

    private void unpack() throws IOException {
        List<String> arguments = new ArrayList<>();
        List<String> classPath = new ArrayList<>();
        String main = "";
        for (String line : Files.readAllLines(folder.resolve(CONTENTS), UTF_8)) {
            int space = line.indexOf(' ');
            String what = line.substring(space + 1);
            switch (line.substring(0, space)) {
                case JVM:
                    arguments.add(what);
                    break;
                case MAIN:
                    main = what;
                    break;
                case CLASS_PATH:
                    classPath.add(jar(what).toString());
                    break;
                case JAR:
                    int second = what.indexOf(' ');
                    Path link = folder.resolve(what.substring(second + 1));
                    Files.createDirectories(link.toAbsolutePath().getParent());
                    Files.createSymbolicLink(link, jar(what.substring(0, second)));
                    break;
                default:
                    throw new IOException("what came with the job is from another version of Kolo: " + line);
            }
        }
        arguments.addAll(List.of("-cp", String.join(File.pathSeparator, classPath), main));
        Files.write(
                folder.resolve("java.arguments"),
                arguments.stream().map(Submitted::quoted).collect(Collectors.toList()),
                UTF_8);
    }

    /** As java's argument files want it. */
    private static String quoted(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /** Has a jar in the node's store; returns where it is. */
    private Path jar(String digest) throws IOException {
        if (!jars.has(digest)) {
            TreeMap<Long, Path> found = parts.getOrDefault(digest, new TreeMap<>());
            if (found.isEmpty()) {
                throw new IOException("a jar of the job has not come with it: " + digest);
            }
            for (Map.Entry<Long, Path> part : found.entrySet()) {
                boolean isLast = part.getKey().equals(found.lastKey());
                jars.append(digest, part.getKey(), Files.readAllBytes(part.getValue()), isLast);
            }
        }
        return jars.path(digest);
    }
}
