package io.kolo.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A script of {@code perf/peers}, beside the sources that this program was built from. */
final class PeersScript {
    private PeersScript() {}

    /**
     * Runs a script, which writes where this program does.
     *
     * @throws IllegalStateException if it fails
     */
    static void run(String name, String... options) {
        try {
            String script = root().resolve("perf/peers").resolve(name).toString();
            List<String> command =
                    Stream.concat(Stream.of(script), Stream.of(options)).toList();
            int status = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (status != 0) {
                throw new IllegalStateException("perf/peers/" + name + " ended with exit code " + status);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("peers are measured from a checkout of Kolo only: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Path root() throws IOException {
        try {
            Path jar = Path.of(PeersScript.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return jar.resolve("../../..").normalize();
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }
}
