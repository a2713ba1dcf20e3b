package io.kolo.ray;

import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.Placed;
import io.kolo.executor.engine.PlacementException;
import io.kolo.executor.engine.Resources;
import io.kolo.executor.engine.Strategy;
import io.kolo.executor.engine.WorkerHandle;
import io.kolo.executor.engine.WorkerJvm;
import io.kolo.executor.engine.WorkerSpec;
import io.kolo.executor.local.JobFolder;
import io.kolo.ray.gcs.NodeState;
import io.kolo.ray.node.Frame;
import io.kolo.ray.node.Launch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Starts worker JVMs on the nodes of a Ray cluster, for one job. The driver is on one of them. */
final class RayEngine implements Engine {
    private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration SHIP_TIMEOUT = Duration.ofMinutes(10);
    private static final int PART_BYTES = 16 << 20;
    private static final int JOB_BYTES = 8;
    private static final int URI_DIGITS = 32;

    /** Where Ray shows its own bookkeeping among a node's resources. */
    private static final List<String> SHOWN = List.of(Resources.CPU, Resources.GPU);

    private final String job = HexFormat.of().formatHex(randomBytes());
    private final JobFolder folder = JobFolder.create();
    private final String name;
    private final String address;
    private final GcsClient gcs;
    private final Gateway gateway;
    private final Map<Integer, SupervisedBundle> bundles = new LinkedHashMap<>();
    private final Map<String, String> addresses = new HashMap<>();
    private final List<RemoteWorker> workers = new CopyOnWriteArrayList<>();
    private @Nullable List<ShippedJar> classPath;

    private RayEngine(String name, String address, GcsClient gcs, GatewayCommand command) {
        this.name = name;
        this.address = address;
        this.gcs = gcs;
        this.gateway = command.start();
    }

    private static byte[] randomBytes() {
        byte[] bytes = new byte[JOB_BYTES];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    /**
     * Connects with a cluster.
     *
     * @param address its head's {@code HOST:PORT}
     * @throws IllegalArgumentException if that can't be, with what to do
     */
    static RayEngine open(String address) {
        GcsClient gcs = new GcsClient(address);
        boolean opened = false;
        RayEngine engine = null;
        try {
            LocalNode local = localNode(gcs, address);
            byte[] supervisor = ShippedJar.zipOfPackageOf(Frame.class);
            String uri = "gcs://_ray_pkg_" + ShippedJar.sha256(supervisor).substring(0, URI_DIGITS) + ".zip";
            gcs.put(uri, supervisor);
            engine = new RayEngine(
                    "Ray " + local.version() + " at " + address,
                    local.address(),
                    gcs,
                    new GatewayCommand(local.jar(), address, local.address(), uri));
            engine.gateway.awaitOpen(OPEN_TIMEOUT);
            opened = true;
            return engine;
        } finally {
            if (!opened) {
                if (engine == null) {
                    gcs.close();
                } else {
                    engine.close();
                }
            }
        }
    }

    /** Ray wants its driver on one of the cluster's nodes. */
    private static LocalNode localNode(GcsClient gcs, String address) {
        Map<String, String> nodes = addresses(gcs);
        LocalNode local = LocalNode.find(nodes, address)
                .orElseThrow(() -> new IllegalArgumentException("this machine is no node of the cluster at " + address
                        + ", which has " + String.join(", ", nodes.values())
                        + ": run on one of them, or hand the job in by 'kolo submit'"));
        String version = gcs.version();
        if (!version.equals(local.version())) {
            throw new IllegalArgumentException("the Ray of this node is " + local.version()
                    + ", that of the cluster at " + address + " is " + version
                    + ", and they have to be the same: install ray==" + version + " here");
        }
        if (!Files.isReadable(local.jar())) {
            throw new IllegalArgumentException(local.jar() + " is not there, without which Java can't talk to Ray:"
                    + " install Ray from its wheel, as in pip install 'ray[default]==" + version + "'");
        }
        return local;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String address() {
        return address;
    }

    @Override
    public Path folder() {
        return folder.path();
    }

    @Override
    public List<Placed> reserve(Resources bundle, int least, int most, Strategy strategy, Duration timeout) {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        List<Object> request = new ArrayList<>(List.of(0, strategy, most));
        new TreeMap<>(bundle.amounts()).forEach((resource, amount) -> request.addAll(List.of(resource, amount)));
        tell(Frame.of("reserve", request), CALL_TIMEOUT, "Ray to take a placement group");
        Duration rest = rest(deadlineNs);
        Frame placed = gateway.ask(
                Frame.of("await", 0, Math.max(1, rest.toSeconds())), rest.plus(CALL_TIMEOUT), "a placement group");
        if (!placed.word().equals("placed")) {
            throw refusal(bundle, most, strategy, timeout);
        }
        for (int number = 0; number < most; number++) {
            tell(Frame.of("supervise", number, 0, number), CALL_TIMEOUT, "Ray to take an actor");
        }
        for (int number = 0; number < most; number++) {
            SupervisedBundle supervised = new SupervisedBundle(gateway, number, rest(deadlineNs));
            bundles.put(number, supervised);
            supervised.listen();
        }
        addresses.putAll(addresses(gcs));
        return inOrder(bundles.values().stream()
                .map(each -> new Placed((int) each.number(), nodeName(each.nodeId()), each.gpus()))
                .toList());
    }

    /** Has something done. */
    private void tell(Frame request, Duration timeout, String what) {
        var unused = gateway.ask(request, timeout, what);
    }

    /** Node by node, and the node with the most bundles first; on each by its GPUs. */
    private static List<Placed> inOrder(List<Placed> placed) {
        Map<String, Long> onNode = placed.stream().collect(Collectors.groupingBy(Placed::node, Collectors.counting()));
        return placed.stream()
                .sorted(Comparator.comparingLong((Placed each) -> -onNode.getOrDefault(each.node(), 0L))
                        .thenComparing(Placed::node)
                        .thenComparing(each -> each.gpus().toString())
                        .thenComparingInt(Placed::bundle))
                .toList();
    }

    private static Duration rest(long deadlineNs) {
        return Duration.ofNanos(Math.max(TimeUnit.SECONDS.toNanos(1), deadlineNs - System.nanoTime()));
    }

    /** Returns the addresses of the cluster's nodes, by their ids. */
    private static Map<String, String> addresses(GcsClient gcs) {
        return gcs.nodes().stream()
                .collect(Collectors.toMap(
                        node -> HexFormat.of().formatHex(node.getNodeId().toByteArray()), NodeState::getNodeIpAddress));
    }

    /** Returns a node's address, which is what it is known by unless others have the same one. */
    private String nodeName(String id) {
        String address = addresses.getOrDefault(id, id);
        boolean isOnly = addresses.values().stream().filter(address::equals).count() <= 1;
        return isOnly ? address : address + "-" + id.substring(0, JOB_BYTES);
    }

    private PlacementException refusal(Resources bundle, int count, Strategy strategy, Duration waited) {
        String nodes = gcs.nodes().stream()
                .map(node ->
                        "\n  " + node.getNodeIpAddress() + ": free " + shown(node.getAvailableResourcesMap(), bundle)
                                + " of " + shown(node.getTotalResourcesMap(), bundle))
                .sorted()
                .collect(Collectors.joining());
        return new PlacementException("no room for " + count + (count == 1 ? " bundle" : " bundles") + " of " + bundle
                + " (" + strategy + ") within " + waited.toSeconds()
                + " s; where the cluster has an autoscaler, it has been asked for it" + nodes);
    }

    private static Resources shown(Map<String, Double> amounts, Resources bundle) {
        Map<String, Double> shown = new TreeMap<>();
        amounts.forEach((resource, amount) -> {
            if (SHOWN.contains(resource) || bundle.amounts().containsKey(resource)) {
                shown.put(resource, Math.floor(amount * 1e4) / 1e4);
            }
        });
        return new Resources(shown);
    }

    @Override
    public WorkerHandle launch(WorkerSpec spec, Consumer<String> lines) {
        SupervisedBundle bundle = bundles.get(spec.placed().bundle());
        if (bundle == null) {
            throw new IllegalArgumentException(
                    "there is no bundle " + spec.placed().bundle());
        }
        List<ShippedJar> jars = shippedClassPath(spec);
        List<String> command = new ArrayList<>(List.of(bundle.java(spec.placed().node())));
        command.addAll(WorkerJvm.FLAGS);
        command.addAll(spec.jvmArgs());
        Map<String, String> environment = WorkerJvm.environment(spec, Map.of());
        environment.put(ADDRESS, addresses.getOrDefault(bundle.nodeId(), address));
        RemoteWorker worker = new RemoteWorker(spec.name(), bundle, line -> {
            if (WorkerJvm.isToBeShown(line)) {
                lines.accept(line);
            }
        });
        List<String> digests = jars.stream().map(ShippedJar::digest).toList();
        bundle.launch(
                spec.name(), Launch.of(job, spec.name(), command, digests, spec.mainClass(), environment), worker);
        workers.add(worker);
        return worker;
    }

    /** The first launch brings the job's class path to all of its nodes; each takes what it does not have. */
    private synchronized List<ShippedJar> shippedClassPath(WorkerSpec spec) {
        if (classPath == null) {
            List<ShippedJar> jars = ShippedJar.ofClassPath(WorkerJvm.classPath(spec), folder.path());
            ship(jars);
            classPath = jars;
        }
        return classPath;
    }

    private void ship(List<ShippedJar> jars) {
        Map<String, SupervisedBundle> byNode = new LinkedHashMap<>();
        bundles.values().forEach(bundle -> byNode.putIfAbsent(bundle.nodeId(), bundle));
        Frame question = Frame.of("lacks", jars.stream().map(ShippedJar::digest).toList());
        Map<String, List<Long>> lacking = new HashMap<>();
        byNode.values()
                .forEach(bundle -> bundle.ask(question, CALL_TIMEOUT, "a supervisor to look for jars")
                        .texts(1)
                        .forEach(digest -> lacking.computeIfAbsent(digest, each -> new ArrayList<>())
                                .add(bundle.number())));
        for (ShippedJar jar : jars) {
            List<Long> receivers = lacking.remove(jar.digest());
            if (receivers != null) {
                tell(
                        Frame.of("ship", jar.path(), jar.digest(), PART_BYTES, receivers),
                        SHIP_TIMEOUT,
                        jar.path().getFileName() + " to reach the nodes");
            }
        }
    }

    @Override
    public boolean awaitExits(long timeoutMs) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        for (RemoteWorker worker : workers) {
            if (!worker.awaitExit(Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime())))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        gateway.close();
        gcs.close();
        folder.close();
    }

    /**
     * What starts a gateway.
     *
     * @param rayJar the installed Ray's
     * @param cluster its head
     * @param own the address of this node
     * @param supervisor the package that the cluster keeps
     */
    private record GatewayCommand(Path rayJar, String cluster, String own, String supervisor) {
        private static final String MAIN = "io.kolo.ray.gateway.GatewayMain";

        /** What Ray's libraries want opened, here and on the nodes. */
        private static final List<String> OPENED =
                List.of("lang", "math", "util", "util.concurrent", "net", "text", "lang.invoke", "time");

        private static final List<String> JVM = List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

        Gateway start() {
            List<String> flags = new ArrayList<>(JVM);
            OPENED.forEach(opened -> flags.add("--add-opens=java.base/java." + opened + "=ALL-UNNAMED"));
            List<String> command = new ArrayList<>();
            command.add(ProcessHandle.current().info().command().orElse("java"));
            command.addAll(flags);
            for (int i = 0; i < flags.size(); i++) {
                command.add("-Dray.job.jvm-options." + i + "=" + flags.get(i));
            }
            command.add("-Dray.address=" + cluster);
            command.add("-Dray.node-ip=" + own);
            command.add("-Dray.job.runtime-env.jars.0=" + supervisor);
            command.add("-cp");
            command.add(ShippedJar.sourceOf(Frame.class) + java.io.File.pathSeparator + rayJar);
            command.add(MAIN);
            try {
                return new Gateway(command);
            } catch (IOException e) {
                throw new UncheckedIOException("the gateway to Ray did not start", e);
            }
        }
    }
}
