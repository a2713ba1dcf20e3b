package io.kolo.systemtests;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kolo.executor.LaunchBuilder;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A Ray cluster on this machine for the tests of a class, each node at an address of the loopback network, with CPUs
 * and GPUs that are pretended. {@code ray/cluster/install} brings the Ray; where it is not, the tests are skipped.
 */
final class RayCluster implements BeforeAllCallback, AfterAllCallback {
    /** The version that most tests run on; another one is tried by {@code -Dkolo.ray=2.60.0}. */
    static final String VERSION = System.getProperty("kolo.ray", "2.39.0");

    private static final String TEST_RUN = "KOLO_TEST_RUN";
    private static final int PORT = 6390;
    private static final int DASHBOARD_PORT = 8290;
    private static final long START_TIMEOUT_NS = TimeUnit.MINUTES.toNanos(2);
    private static final String NODE_ID = "--node_id=";
    private static final long END_TIMEOUT_S = 20;

    /** So that the cluster sees within 3 s that a node is gone; docs/ray.md has the same. */
    private static final String HEALTH = "{\"health_check_initial_delay_ms\":1000,\"health_check_period_ms\":500,"
            + "\"health_check_timeout_ms\":1000,\"health_check_failure_threshold\":3}";

    private final Path ray;
    private final int size;
    private final boolean reachable;
    private final Map<Integer, Process> nodes = new TreeMap<>();
    private Path folder = Path.of("");

    private RayCluster(String version, int size, boolean reachable) {
        String home = System.getenv().getOrDefault("KOLO_RAY", System.getProperty("user.home") + "/.cache/kolo/ray");
        this.ray = Path.of(home, version);
        this.size = size;
        this.reachable = reachable;
    }

    /** Describes a cluster of so many nodes. */
    static RayCluster of(String version, int nodes) {
        return new RayCluster(version, nodes, false);
    }

    /** Describes a cluster with a dashboard, which wants a token. */
    static RayCluster withDashboard(String version, int nodes) {
        return new RayCluster(version, nodes, true);
    }

    @Override
    public void beforeAll(ExtensionContext tests) throws IOException {
        String version = ray.getFileName().toString();
        assumeTrue(
                Files.exists(ray.resolve("complete")),
                "Ray " + version + " is not installed: run ray/cluster/install " + version);
        folder = Files.createTempDirectory("kolo-ray");
        boolean started = false;
        try {
            if (reachable) {
                Files.writeString(tokenFile(), new java.math.BigInteger(256, new SecureRandom()).toString(16));
            }
            for (int node = 1; node <= size; node++) {
                startNode(node);
            }
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    @Override
    public void afterAll(ExtensionContext tests) throws IOException {
        close();
    }

    private Path tokenFile() {
        return folder.resolveSibling(folder.getFileName() + "-token");
    }

    /** Returns the variables that who speaks with it needs. */
    Map<String, String> environment() {
        return reachable
                ? Map.of(
                        "RAY_AUTH_MODE",
                        "token",
                        "RAY_AUTH_TOKEN_PATH",
                        tokenFile().toString())
                : Map.of();
    }

    /** Returns the address of a node, from 1 on; the first is the head. */
    static String node(int number) {
        return "127.0.1." + number;
    }

    /** Returns where the cluster is. */
    static String address() {
        return node(1) + ":" + PORT;
    }

    /** Returns where its dashboard is. */
    static String dashboard() {
        return "http://" + node(1) + ":" + DASHBOARD_PORT;
    }

    /** So that workers on the cluster's nodes count as this test run's, and are missed if they stay. */
    static <B extends LaunchBuilder<B>> B marked(B builder) {
        String run = System.getenv(TEST_RUN);
        return run == null ? builder : builder.environment(TEST_RUN, run);
    }

    /** Starts a node. */
    void startNode(int number) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(ray.resolve("bin/ray").toString(), "start", "--block", "--num-cpus=4", "--num-gpus=2"));
        command.addAll(List.of("--node-ip-address=" + node(number), "--disable-usage-stats"));
        command.addAll(
                number == 1
                        ? List.of(
                                "--head",
                                "--port=" + PORT,
                                "--include-dashboard=" + reachable,
                                "--dashboard-host=" + node(1),
                                "--dashboard-port=" + DASHBOARD_PORT,
                                "--temp-dir=" + folder,
                                "--system-config=" + HEALTH)
                        : List.of("--address=" + address()));
        File log = folder.resolveSibling(folder.getFileName() + "-node-" + number + ".log")
                .toFile();
        log.deleteOnExit();
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log);
        Map<String, String> environment = builder.environment();
        environment.remove(TEST_RUN); // they stay from test to test
        environment.putAll(environment());
        Process node = builder.start();
        nodes.put(number, node);
        long deadlineNs = System.nanoTime() + START_TIMEOUT_NS;
        while (!Files.readString(log.toPath()).contains("Ray runtime started")) {
            if (!node.isAlive() || System.nanoTime() - deadlineNs > 0) {
                throw new IOException("node " + number + " does not start: " + Files.readString(log.toPath()));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    /** Kills a node's raylet with -9; what else there is on the node goes then, too. */
    void killNode(int number) throws IOException, InterruptedException {
        Process node = Objects.requireNonNull(nodes.remove(number));
        for (ProcessHandle process : node.descendants().toList()) {
            if (process.info().command().orElse("").endsWith("/raylet")) {
                Runs.signal("-KILL", process.pid());
            }
        }
        awaitEnd(number, node);
    }

    /** Takes a node away, as it is done after it was drained. */
    void endNode(int number) throws IOException, InterruptedException {
        Process node = Objects.requireNonNull(nodes.remove(number));
        node.destroy();
        awaitEnd(number, node);
    }

    private static void awaitEnd(int number, Process node) throws IOException, InterruptedException {
        if (!node.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
            throw new IOException("node " + number + " does not end");
        }
    }

    /** Tells the cluster that a node is to be taken away. */
    void drainNode(int number) throws IOException, InterruptedException {
        String id = Objects.requireNonNull(nodes.get(number))
                .descendants()
                .flatMap(RayCluster::arguments)
                .filter(argument -> argument.startsWith(NODE_ID))
                .map(argument -> argument.substring(NODE_ID.length()))
                .findFirst()
                .orElseThrow();
        List<String> command = List.of(
                ray.resolve("bin/ray").toString(),
                "drain-node",
                "--address=" + address(),
                "--node-id=" + id,
                "--reason=DRAIN_NODE_REASON_PREEMPTION",
                "--reason-message=test",
                "--deadline-remaining-seconds=600");
        Process drain = new ProcessBuilder(command).inheritIO().start();
        if (drain.waitFor() != 0) {
            throw new IOException("node " + number + " is not drained: exit code " + drain.exitValue());
        }
    }

    /** Those of a raylet are more than a ProcessHandle tells. */
    private static Stream<String> arguments(ProcessHandle process) {
        try {
            return Stream.of(Files.readString(Path.of("/proc", String.valueOf(process.pid()), "cmdline"))
                    .split("\0", -1));
        } catch (IOException e) {
            return Stream.empty(); // it is gone
        }
    }

    /** Ends all nodes; {@code ray start --block} takes its processes along. */
    private void close() throws IOException {
        nodes.values().forEach(Process::destroy);
        for (Process node : nodes.values()) {
            try {
                if (!node.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                    node.descendants().forEach(ProcessHandle::destroyForcibly);
                    node.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        Files.deleteIfExists(tokenFile());
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(java.util.Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
