package io.kolo.cli;

import io.kolo.ray.RayJobs;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cluster's jobs are meant. */
final class DashboardOption {
    @Option(
            names = "--address",
            paramLabel = "URL",
            description = "The cluster's dashboard, such as http://10.0.0.1:8265 (default: RAY_ADDRESS, or else"
                    + " http://127.0.0.1:8265).")
    private @Nullable String address;

    /** Returns the jobs of that cluster. */
    RayJobs jobs() {
        return new RayJobs(address());
    }

    /** Returns where its dashboard is. */
    String address() {
        if (address != null) {
            return address;
        }
        String set = System.getenv().getOrDefault("RAY_ADDRESS", "");
        return set.startsWith("http") ? set : "http://127.0.0.1:8265";
    }
}
