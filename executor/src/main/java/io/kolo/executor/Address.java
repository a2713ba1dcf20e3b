package io.kolo.executor;

import java.util.Map;
import java.util.regex.Pattern;

/** Where workers are launched: the one place that resolves {@code "auto"}. */
final class Address {
    static final String AUTO = "auto";
    static final String LOCAL = "local";

    private static final Pattern HOST_AND_PORT = Pattern.compile("[^\\s:/]+:\\d{1,5}");

    private Address() {}

    /**
     * Returns {@code "local"} or {@code HOST:PORT}.
     *
     * @throws IllegalArgumentException if the address is neither
     */
    static String resolve(String address, Map<String, String> environment) {
        String cluster = environment.get("RAY_ADDRESS");
        String automatic = cluster == null || cluster.isBlank() ? LOCAL : cluster;
        String resolved = address.equals(AUTO) ? automatic : address;
        if (!resolved.equals(LOCAL) && !HOST_AND_PORT.matcher(resolved).matches()) {
            throw new IllegalArgumentException("address '" + resolved + "' is none: use auto, local or HOST:PORT"
                    + (address.equals(AUTO) ? " (it comes from RAY_ADDRESS)" : ""));
        }
        return resolved;
    }
}
