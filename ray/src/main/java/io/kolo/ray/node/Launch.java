package io.kolo.ray.node;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a supervisor is told to start a worker's process. */
public final class Launch {
    private static final String FOLDER = "KOLO_FOLDER";

    private final Frame frame;

    Launch(Frame frame) {
        this.frame = frame;
    }

    /**
     * Describes a worker's process.
     *
     * @param job unique to the job
     * @param name of the process in the job
     * @param command the {@code java} and its arguments before the class path
     * @param digests of the jars of the class path, in their order
     * @param mainClass the class to run
     * @param environment variables beside the node's own
     */
    public static Frame of(
            String job,
            String name,
            List<String> command,
            List<String> digests,
            String mainClass,
            Map<String, String> environment) {
        List<String> variables = new ArrayList<>();
        new TreeMap<>(environment).forEach((variable, value) -> variables.add(variable + "=" + value));
        return Frame.of("process", job, name, mainClass, list(command), list(digests), list(variables));
    }

    private static byte[] list(List<String> texts) {
        return Frame.of("list", texts).encode();
    }

    private List<String> list(int field) {
        return Frame.decode(frame.bytes(field)).texts(1);
    }

    String job() {
        String job = frame.text(1);
        if (!job.matches("[0-9a-f]+")) {
            throw new IllegalArgumentException("no job: " + job);
        }
        return job;
    }

    String name() {
        return frame.text(2);
    }

    /**
     * Returns what to start.
     *
     * @param folder the worker's own
     */
    ProcessBuilder command(JarStore jars, Path folder) {
        List<String> command = new ArrayList<>(list(4));
        command.add("-cp");
        command.add(list(5).stream()
                .map(digest -> jars.path(digest).toString())
                .collect(Collectors.joining(File.pathSeparator)));
        command.add(frame.text(3));
        ProcessBuilder builder = new ProcessBuilder(command);
        for (String variable : list(6)) {
            int equals = variable.indexOf('=');
            builder.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        builder.environment().put(FOLDER, folder.toString());
        return builder;
    }
}
