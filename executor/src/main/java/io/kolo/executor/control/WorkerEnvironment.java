package io.kolo.executor.control;

import java.nio.file.Path;
import java.util.Map;

/**
 * What a worker's process is told by its environment.
 *
 * @param slot its place in the job
 * @param control the driver's address, {@code host:port}
 * @param token the job's
 * @param folder its own folder in shared memory, not there yet
 */
public record WorkerEnvironment(int slot, String control, JobToken token, Path folder) {
    /** Returns the variables that {@link #of} reads. */
    public Map<String, String> variables() {
        return Map.of(
                "KOLO_SLOT", String.valueOf(slot),
                "KOLO_CONTROL", control,
                "KOLO_TOKEN", token.value(),
                "KOLO_FOLDER", folder.toString());
    }

    /** Reads what {@link #variables} wrote. */
    public static WorkerEnvironment of(Map<String, String> variables) {
        return new WorkerEnvironment(
                Integer.parseInt(required(variables, "KOLO_SLOT")),
                required(variables, "KOLO_CONTROL"),
                new JobToken(required(variables, "KOLO_TOKEN")),
                Path.of(required(variables, "KOLO_FOLDER")));
    }

    private static String required(Map<String, String> variables, String name) {
        String value = variables.get(name);
        if (value == null) {
            throw new IllegalArgumentException(
                    "no " + name + " in the environment: workers are started by RayExecutor, not by hand");
        }
        return value;
    }
}
