package io.kolo.executor;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A program that says which hosts there are, in the format of {@code horovodrun --host-discovery-script}. */
final class DiscoveryScript implements HostDiscovery {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Pattern LINE = Pattern.compile("([^\\s:]+)(?::(\\d{1,6}))?");
    private static final int MOST_OUTPUT = 1 << 20;

    private final Path program;
    private final Duration timeout;

    DiscoveryScript(Path program) {
        this(program, TIMEOUT);
    }

    DiscoveryScript(Path program, Duration timeout) {
        if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
            throw new IllegalArgumentException(
                    "the host discovery script " + program + " cannot be executed: give a file that can (chmod +x)");
        }
        this.program = program.toAbsolutePath();
        this.timeout = timeout;
    }

    @Override
    public Map<String, Integer> hosts() throws IOException, InterruptedException {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        Process process = new ProcessBuilder(program.toString()).start();
        try {
            process.getOutputStream().close();
            FutureTask<String> output = reading(process.getInputStream());
            FutureTask<String> errors = reading(process.getErrorStream());
            String lines = output.get(left(deadlineNs), TimeUnit.NANOSECONDS);
            String complaint =
                    errors.get(left(deadlineNs), TimeUnit.NANOSECONDS).strip();
            if (!process.waitFor(left(deadlineNs), TimeUnit.NANOSECONDS)) {
                throw new TimeoutException();
            }
            if (process.exitValue() != 0) {
                throw new IOException(program + " ended with exit code " + process.exitValue()
                        + (complaint.isEmpty() ? "" : ": " + complaint));
            }
            return parse(lines);
        } catch (TimeoutException e) {
            throw new IOException(program + " took longer than " + timeout.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw new IOException("the output of " + program + " could not be read: " + e.getCause(), e);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static FutureTask<String> reading(InputStream stream) {
        FutureTask<String> reading = new FutureTask<>(() -> {
            try (stream) {
                return new String(stream.readNBytes(MOST_OUTPUT), UTF_8);
            }
        });
        Thread.ofVirtual().name("kolo-discovery-output").start(reading);
        return reading;
    }

    private static long left(long deadlineNs) {
        return Math.max(0, deadlineNs - System.nanoTime());
    }

    private Map<String, Integer> parse(String lines) throws IOException {
        Map<String, Integer> hosts = new LinkedHashMap<>();
        for (String line : lines.lines().map(String::strip).toList()) {
            Matcher host = LINE.matcher(line);
            if (host.matches()) {
                hosts.merge(host.group(1), host.group(2) == null ? 1 : Integer.parseInt(host.group(2)), Integer::sum);
            } else if (!line.isEmpty()) {
                throw new IOException(program + " wrote '" + line + "': each line has to be such as node-1:4");
            }
        }
        return hosts;
    }

    @Override
    public String toString() {
        return program.toString();
    }
}
