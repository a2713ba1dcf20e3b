package io.kolo.ray;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The token for a cluster that wants one (from Ray 2.52 on), found where Ray's own tools look for it. */
final class RayToken {
    /** What to do if a cluster does not take what was found. */
    static final String ADVICE =
            "the cluster wants its token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH,"
                    + " or put it into ~/.ray/auth_token; 'ray get-auth-token' prints it on the head";

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
        if (!"token".equalsIgnoreCase(environment.get("RAY_AUTH_MODE"))) {
            return Optional.empty(); // it is not for clusters that do not want it
        }
        String token = environment.get("RAY_AUTH_TOKEN");
        String from = "RAY_AUTH_TOKEN";
        if (token == null) {
            Path atHome = home.resolve(".ray").resolve("auth_token");
            Path file = Path.of(environment.getOrDefault("RAY_AUTH_TOKEN_PATH", atHome.toString()));
            from = file.toString();
            try {
                token = Files.readString(file);
            } catch (IOException e) {
                throw new IllegalArgumentException("the token can't be read from " + file + ": " + ADVICE, e);
            }
        }
        if (!token.strip().matches("[!-~]+")) {
            throw new IllegalArgumentException("what " + from + " has is no token"); // and perhaps another secret
        }
        return Optional.of("Bearer " + token.strip());
    }
}
