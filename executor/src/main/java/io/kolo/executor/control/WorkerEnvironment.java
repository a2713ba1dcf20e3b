package io.kolo.executor.control;

import java.time.Duration;
import java.util.Map;

/**
 * What the driver tells a worker's process by its environment.
 *
 * @param slot its number in the job
 * @param control the driver's address, {@code host:port}
 * @param identity the worker's
 * @param token the job's
 * @param node the name of the node that the worker is on
 * @param patience for how long another driver may come in the place of one that is gone; zero if none will
 */
public record WorkerEnvironment(
        int slot, String control, Identity identity, JobToken token, String node, Duration patience) {
    /** The variable that names a cloud, and the address of its metadata service, if spot notices are to be heard. */
    public static final String SPOT = "KOLO_SPOT";

    /** Returns the variables that {@link #of} reads. */
    public Map<String, String> variables() {
        return Map.of(
                "KOLO_SLOT",
                String.valueOf(slot),
                "KOLO_CONTROL",
                control,
                "KOLO_IDENTITY",
                identity.encode(),
                "KOLO_TOKEN",
                token.value(),
                "KOLO_NODE",
                node,
                "KOLO_DRIVER_PATIENCE_MS",
                String.valueOf(patience.toMillis()));
    }

    /** Reads what {@link #variables} wrote. */
    public static WorkerEnvironment of(Map<String, String> variables) {
        return new WorkerEnvironment(
                Integer.parseInt(required(variables, "KOLO_SLOT")),
                required(variables, "KOLO_CONTROL"),
                Identity.decode(required(variables, "KOLO_IDENTITY")),
                new JobToken(required(variables, "KOLO_TOKEN")),
                required(variables, "KOLO_NODE"),
                Duration.ofMillis(Long.parseLong(required(variables, "KOLO_DRIVER_PATIENCE_MS"))));
    }

    /**
     * Returns a variable that has to be there.
     *
     * @throws IllegalArgumentException if it is not
     */
    public static String required(Map<String, String> variables, String name) {
        String value = variables.get(name);
        if (value == null) {
            throw new IllegalArgumentException(
                    "no " + name + " in the environment: workers are started by RayExecutor, not by hand");
        }
        return value;
    }
}
