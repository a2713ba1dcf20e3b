package io.kolo.ray;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The token for a cluster that wants one (from Ray 2.52 on), found where Ray's own tools look for it. */
final class RayToken {
    /** What to do if a cluster does not take what was found. */
    static final String ADVICE =
            "the cluster wants its token: set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH, or put it into"
                    + " ~/.ray/auth_token, as 'ray get-auth-token' prints it on the head";

    private RayToken() {}

    /** Returns the value of the header {@code authorization}. */
    static Optional<String> header() {
        return header(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    /**
     * Returns the value of the header {@code authorization}.
     *
     * @param environment its variables
     * @param home the user's folder
     */
    static Optional<String> header(Map<String, String> environment, Path home) {
        if ("disabled".equalsIgnoreCase(environment.get("RAY_AUTH_MODE"))) {
            return Optional.empty();
        }
        String token = environment.get("RAY_AUTH_TOKEN");
        if (token == null) {
            String named = environment.get("RAY_AUTH_TOKEN_PATH");
            Path file = named == null ? home.resolve(".ray").resolve("auth_token") : Path.of(named);
            if (named == null && !Files.exists(file)) {
                return Optional.empty();
            }
            try {
                token = Files.readString(file);
            } catch (IOException e) {
                throw new UncheckedIOException("the token in " + file + " can't be read", e);
            }
        }
        return token.isBlank() ? Optional.empty() : Optional.of("Bearer " + token.strip());
    }
}
