package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kolo.executor.LaunchBuilder;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A Ray cluster on this machine for the tests of a class, each node at an address of its own, with CPUs and GPUs that
 * are pretended. {@code ray/cluster/install} brings the Ray; where it is not, the tests are skipped.
 */
final class RayCluster implements BeforeAllCallback, AfterAllCallback {
    /** The oldest version that is supported, and the newest. */
    static final List<String> VERSIONS = List.of("2.39.0", "2.60.0");

    /** The version of tests that run on one; the other one is tried by {@code -Dkolo.ray=2.60.0}. */
    static final String VERSION = System.getProperty("kolo.ray", VERSIONS.getFirst());

    private static final String TEST_RUN = "KOLO_TEST_RUN";
    private static final int PORT = 6390;
    private static final int DASHBOARD_PORT = 8290;
    private static final long START_TIMEOUT_NS = TimeUnit.MINUTES.toNanos(2);
    private static final String NODE_ID = "--node_id=";
    private static final long END_TIMEOUT_S = 20;
    private static final String LEFTOVERS_TIMEOUT_S = "120"; // of which it waits for 30 for what is left to go

    /** So that the cluster sees within 3 s that a node is gone; docs/ray.md has the same. */
    private static final String HEALTH = "{\"health_check_initial_delay_ms\":1000,\"health_check_period_ms\":500,"
            + "\"health_check_timeout_ms\":1000,\"health_check_failure_threshold\":3}";

    /** Nodes that it starts are at an address of the loopback network. */
    private static final Map<String, String> AUTOSCALER = Map.of(
            "RAY_FAKE_CLUSTER", "1", "AUTOSCALER_UPDATE_INTERVAL_S", "1", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0");

    private final Path ray;
    private final int size;
    private final Set<Feature> features;
    private NodeNetwork network = NodeNetwork.loopback();
    private final Map<Integer, Process> nodes = new TreeMap<>();
    private @Nullable Path folder;

    /** What a cluster may have. */
    enum Feature {
        /** A dashboard, which wants a token. */
        DASHBOARD,
        /** Nodes whose links can be cut, where this user may do so. */
        LINKS,
        /**
         * A head without a GPU, and nodes with one GPU each that come when they are wanted, and go when they are not.
         */
        AUTOSCALER
    }

    private RayCluster(String version, int size, Feature... features) {
        String home = System.getenv().getOrDefault("KOLO_RAY", System.getProperty("user.home") + "/.cache/kolo/ray");
        this.ray = Path.of(home, version);
        this.size = size;
        this.features = Set.of(features);
    }

    /** Describes a cluster of so many nodes. */
    static RayCluster of(String version, int nodes, Feature... features) {
        return new RayCluster(version, nodes, features);
    }

    @Override
    public String toString() {
        return "Ray " + ray.getFileName();
    }

    @Override
    public void beforeAll(ExtensionContext tests) throws IOException {
        start();
    }

    /** Starts it, where its Ray is installed. */
    void start() throws IOException {
        String version = ray.getFileName().toString();
        assumeTrue(
                Files.exists(ray.resolve("complete")),
                "Ray " + version + " is not installed: run ray/cluster/install " + version);
        folder = Files.createTempDirectory("kolo-ray");
        boolean started = false;
        try {
            if (features.contains(Feature.LINKS)) {
                network = NodeNetwork.bridgedIfPossible();
            }
            if (features.contains(Feature.DASHBOARD)) {
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
    public void afterAll(ExtensionContext tests) throws IOException, InterruptedException {
        end();
    }

    /** Ends it; fails if jobs have left something on it. */
    void end() throws IOException, InterruptedException {
        try {
            if (folder != null) {
                assertNothingLeft();
            }
        } finally {
            close();
        }
    }

    /** What jobs had on the cluster goes with them. */
    private void assertNothingLeft() throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        "timeout",
                        LEFTOVERS_TIMEOUT_S,
                        ray.resolve("bin/python").toString(),
                        Repository.root().resolve("ray/cluster/leftovers").toString(),
                        address(),
                        node(1))
                .redirectErrorStream(true);
        builder.environment().putAll(environment());
        Process leftovers = builder.start();
        String said = new String(leftovers.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, leftovers.waitFor(), said);
    }

    /** A file beside its folder. */
    private Path file(String name) {
        Path own = Objects.requireNonNull(folder);
        return own.resolveSibling(own.getFileName() + "-" + name);
    }

    private Path tokenFile() {
        return file("token");
    }

    /** Returns the variables that who speaks with it needs. */
    Map<String, String> environment() {
        return features.contains(Feature.DASHBOARD)
                ? Map.of(
                        "RAY_AUTH_MODE",
                        "token",
                        "RAY_AUTH_TOKEN_PATH",
                        tokenFile().toString())
                : Map.of();
    }

    /** Returns the address of a node, from 1 on; the first is the head. */
    String node(int number) {
        return network.address(number);
    }

    /** Returns where the cluster is. */
    String address() {
        return node(1) + ":" + PORT;
    }

    /** Returns where its dashboard is. */
    String dashboard() {
        return "http://" + node(1) + ":" + DASHBOARD_PORT;
    }

    /** So that workers on the cluster's nodes count as this test run's, are missed if they stay, and start fast. */
    static <B extends LaunchBuilder<B>> B marked(B builder) {
        String run = System.getenv(TEST_RUN);
        B quick = builder.jvmArg(Runs.QUICK_START);
        return run == null ? quick : quick.environment(TEST_RUN, run);
    }

    /** Returns the same for a job of the command line, as its options. */
    static List<String> marks() {
        String run = System.getenv(TEST_RUN);
        return run == null ? List.of() : List.of("--env=" + TEST_RUN + "=" + run);
    }

    /** Starts a node. */
    void startNode(int number) throws IOException {
        List<String> command = new ArrayList<>(network.connect(number));
        command.addAll(List.of(ray.resolve("bin/ray").toString(), "start", "--block", "--num-cpus=4"));
        command.addAll(List.of("--node-ip-address=" + node(number), "--disable-usage-stats"));
        boolean autoscaled = features.contains(Feature.AUTOSCALER);
        command.add("--num-gpus=" + (autoscaled ? 0 : 2));
        command.addAll(
                number == 1
                        ? List.of(
                                "--head",
                                "--port=" + PORT,
                                "--include-dashboard=" + features.contains(Feature.DASHBOARD),
                                "--dashboard-host=" + node(1),
                                "--dashboard-port=" + DASHBOARD_PORT,
                                "--temp-dir=" + folder,
                                "--system-config=" + HEALTH)
                        : List.of("--address=" + address()));
        if (autoscaled) {
            command.add("--autoscaling-config=" + autoscaling());
        }
        File log = file("node-" + number + ".log").toFile();
        log.deleteOnExit();
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log);
        Map<String, String> environment = builder.environment();
        environment.remove(TEST_RUN); // they stay from test to test
        environment.putAll(environment());
        if (autoscaled) {
            environment.putAll(AUTOSCALER);
        }
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

    /** Ray's own provider of nodes for tests, which starts them on this machine. */
    private Path autoscaling() throws IOException {
        return Files.writeString(file("autoscaling.yaml"), """
                cluster_name: kolo
                max_workers: 4
                upscaling_speed: 1.0
                idle_timeout_minutes: 0.1
                provider:
                  type: fake_multinode
                  gcs_address: "%s"
                  use_node_id_as_ip: true
                  disable_node_updaters: true
                  disable_launch_config_check: true
                available_node_types:
                  ray.head.default: {resources: {CPU: 4}, node_config: {}, max_workers: 0}
                  gpu: {resources: {CPU: 4, GPU: 1}, node_config: {}, min_workers: 0, max_workers: 4}
                head_node_type: ray.head.default
                auth: {}
                file_mounts: {}
                cluster_synced_files: []
                file_mounts_sync_continuously: false
                rsync_exclude: []
                rsync_filter: []
                initialization_commands: []
                setup_commands: []
                head_setup_commands: []
                worker_setup_commands: []
                head_start_ray_commands: []
                worker_start_ray_commands: []
                """.formatted(address()));
    }

    /** Returns how many nodes there are, those of the autoscaler included. */
    long size() {
        return nodes.values().stream().flatMap(RayCluster::raylets).count();
    }

    private static Stream<ProcessHandle> raylets(Process node) {
        return node.descendants()
                .filter(process -> process.info().command().orElse("").endsWith("/raylet"));
    }

    /** Kills a node's raylet with -9; what else there is on the node goes then, too. */
    void killNode(int number) throws IOException, InterruptedException {
        Process node = Objects.requireNonNull(nodes.remove(number));
        for (ProcessHandle raylet : raylets(node).toList()) {
            Runs.signal("-KILL", raylet.pid());
        }
        awaitEnd(number, node);
    }

    /** Cuts a node's link: all that is there lives on by itself. */
    void cutOff(int number) throws IOException {
        network.cut(number);
    }

    void assumeThatLinksCanBeCut() {
        assumeTrue(network.isBridged(), "skipped: cutting the link of a node needs root and iproute2");
    }

    /** Takes a node away, as it is done after it was drained. */
    void endNode(int number) throws IOException, InterruptedException {
        Process node = Objects.requireNonNull(nodes.remove(number));
        node.destroy();
        awaitEnd(number, node);
    }

    private void awaitEnd(int number, Process node) throws IOException, InterruptedException {
        boolean ended = node.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS);
        if (!ended) {
            destroyForcibly(node);
        }
        network.disconnect(number);
        if (!ended) {
            throw new IOException("node " + number + " does not end");
        }
    }

    private static void destroyForcibly(Process node) {
        node.descendants().forEach(ProcessHandle::destroyForcibly);
        node.destroyForcibly();
    }

    /** Has a node be there, as it was when the cluster was started. */
    void restore(int number) throws IOException, InterruptedException {
        if (nodes.containsKey(number)) {
            network.mend(number); // one that is cut off from the head waits for it
            endNode(number);
        }
        startNode(number);
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

    /** Ends all nodes; {@code ray start --block} takes its processes along, but not those of the autoscaler. */
    private void close() throws IOException {
        if (folder == null) {
            return; // the tests were skipped
        }
        List<ProcessHandle> processes =
                nodes.values().stream().flatMap(Process::descendants).toList();
        nodes.values().forEach(Process::destroy);
        try {
            for (Process node : nodes.values()) {
                if (!node.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                    destroyForcibly(node);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        processes.forEach(ProcessHandle::destroyForcibly);
        nodes.clear();
        network.close();
        Files.deleteIfExists(tokenFile());
        Files.deleteIfExists(file("autoscaling.yaml"));
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
        folder = null;
    }
}
