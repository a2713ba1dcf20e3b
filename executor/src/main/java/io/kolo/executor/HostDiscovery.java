package io.kolo.executor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Says which hosts an elastic job may use at the moment: {@link ElasticRayExecutorBuilder#hostDiscovery}. A host that
 * is new gets workers, one that is gone has its workers leave between two steps.
 */
@FunctionalInterface
public interface HostDiscovery {
    /**
     * Asks; called once a second, by one thread at a time.
     *
     * @return how many workers each host has room for; hosts at the front are filled first
     * @throws IOException if that is not known now; the hosts stay as they were then
     */
    Map<String, Integer> hosts() throws IOException, InterruptedException;

    /**
     * The same hosts all along.
     *
     * @param hosts how many workers each has room for
     */
    static HostDiscovery fixed(Map<String, Integer> hosts) {
        Map<String, Integer> copy = Collections.unmodifiableMap(new LinkedHashMap<>(hosts));
        return () -> copy;
    }

    /**
     * Has a program say it: a line {@code host:slots} for each host on its standard output, or {@code host} for one
     * slot. It has ten seconds, and must end with exit code 0.
     *
     * @throws IllegalArgumentException if the program cannot be executed
     */
    static HostDiscovery script(Path program) {
        return new DiscoveryScript(program);
    }
}
