package io.kolo.ray;

import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.Placed;
import io.kolo.executor.engine.Resources;
import io.kolo.executor.engine.Running;
import io.kolo.executor.engine.Strategy;
import io.kolo.executor.engine.WorkerHandle;
import io.kolo.executor.engine.WorkerJvm;
import io.kolo.executor.engine.WorkerSpec;
import io.kolo.executor.local.JobFolder;
import io.kolo.ray.node.Frame;
import io.kolo.ray.node.Launch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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
    private static final long ASKED_AGAIN_NS = TimeUnit.DAYS.toNanos(1);
    private static final int PART_BYTES = 16 << 20;
    private static final int JOB_BYTES = 8;

    private final Optional<Launcher> launcher = Launcher.ofEnvironment();

    /** Where the gateway of the driver before this one listens. */
    private final Optional<Path> before = launcher.flatMap(Launcher::handover);

    private final JobFolder folder = JobFolder.create();

    /** Read while the cluster makes room, since it takes seconds. */
    private final CompletableFuture<List<ShippedJar>> own =
            CompletableFuture.supplyAsync(() -> ShippedJar.ofClassPath(WorkerJvm.classPath(List.of()), folder.path()));

    private final String name;
    private final String address;
    private final GcsClient gcs;
    private final Gateway gateway;
    private final Bundles bundles;

    /** The nodes that have the job's class path, and when they have said so. They keep it for a week then. */
    private final Map<String, Long> suppliedNs = new HashMap<>();

    private final List<RemoteWorker> workers = new CopyOnWriteArrayList<>();

    /** Its own name on the cluster. */
    private String job = HexFormat.of().formatHex(randomBytes());

    /** What a driver before this one, which was killed, has kept for it. */
    private Optional<byte[]> kept = Optional.empty();

    /** Where processes are, by their names, that the driver before this one has launched. */
    private final Map<String, SupervisedBundle> livingIn = new HashMap<>();

    private @Nullable List<ShippedJar> classPath;

    private RayEngine(String name, String address, GcsClient gcs, GatewayCommand command) {
        this.name = name;
        this.address = address;
        this.gcs = gcs;
        this.gateway = before.map(RayEngine::gatewayAt).orElseGet(() -> command.start(folder.path()));
        this.bundles = new Bundles(gateway, gcs);
    }

    private static Gateway gatewayAt(Path socket) {
        try {
            return Gateway.takeOver(socket);
        } catch (IOException e) {
            var unused = socket.toFile().delete(); // no other driver need try
            throw new UncheckedIOException("the gateway to Ray is gone as well as the driver, and so is the job", e);
        }
    }

    private void connect() {
        gateway.awaitOpen(OPEN_TIMEOUT);
        if (before.isPresent()) {
            Frame answer =
                    gateway.ask(Frame.of("kept", folder.path()), CALL_TIMEOUT, "the gateway to say what was kept");
            Frame state = Frame.decode(answer.bytes(1));
            job = state.text(1);
            kept = Optional.of(state.bytes(2));
            bundles.takeOver();
        }
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
            byte[] supervisor = new Zip().addPackageOf(Frame.class).bytes();
            String uri = JarPackage.uri(Digests.of(supervisor));
            gcs.put(uri, supervisor);
            engine = new RayEngine(
                    "Ray " + local.version() + " at " + address,
                    local.address(),
                    gcs,
                    new GatewayCommand(local.jar(), address, local.address(), uri));
            engine.connect();
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
        Map<String, String> nodes = Nodes.byId(gcs.nodes()).entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, node -> node.getValue().getNodeIpAddress()));
        LocalNode local = LocalNode.find(nodes, address)
                .orElseThrow(() -> new IllegalArgumentException("this machine is no node of the cluster at " + address
                        + ", which has " + String.join(", ", nodes.values())
                        + ": run on one of them"));
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
    public List<Placed> reserve(
            Resources bundle, int least, int most, Strategy strategy, boolean together, Duration timeout) {
        if (together) {
            bundles.reserveTogether(bundle, most, strategy, timeout);
        } else {
            bundles.reserveEach(bundle, least, most, strategy, timeout);
        }
        return room();
    }

    @Override
    public List<Placed> room() {
        return bundles.placed();
    }

    @Override
    public WorkerHandle launch(WorkerSpec spec, Consumer<String> lines) {
        SupervisedBundle bundle = bundles.get(spec.placed().bundle());
        List<ShippedJar> jars = classPath(spec);
        ship(jars, bundle);
        List<String> command = new ArrayList<>(List.of(bundle.java()));
        command.addAll(WorkerJvm.FLAGS);
        command.addAll(spec.jvmArgs());
        Map<String, String> environment = WorkerJvm.environment(spec, Map.of());
        environment.put(ADDRESS, bundle.address());
        RemoteWorker worker = new RemoteWorker(spec.name(), bundle, lines);
        List<String> digests = jars.stream().map(ShippedJar::digest).toList();
        bundle.launch(
                spec.name(), Launch.of(job, spec.name(), command, digests, spec.mainClass(), environment), worker);
        workers.add(worker);
        return worker;
    }

    private synchronized List<ShippedJar> classPath(WorkerSpec spec) {
        if (classPath == null) {
            try {
                List<ShippedJar> jars = new ArrayList<>(own.join());
                jars.addAll(ShippedJar.ofClassPath(spec.jars(), folder.path()));
                classPath = ShippedJar.distinct(jars);
            } catch (CompletionException e) {
                throw new IllegalStateException("the class path can't be read: " + e.getCause(), e);
            }
        }
        return classPath;
    }

    /** Brings a job's jars to a bundle's node, and, at once, to others that don't have them yet. */
    private synchronized void ship(List<ShippedJar> jars, SupervisedBundle bundle) {
        long nowNs = System.nanoTime();
        suppliedNs.values().removeIf(saidNs -> nowNs - saidNs > ASKED_AGAIN_NS);
        if (suppliedNs.containsKey(bundle.nodeId())) {
            return;
        }
        Map<String, SupervisedBundle> receivers = bundles.oneOnEachNode();
        receivers.put(bundle.nodeId(), bundle);
        receivers.keySet().removeAll(suppliedNs.keySet());
        Frame question = Frame.of("lacks", jars.stream().map(ShippedJar::digest).toList());
        Map<String, List<SupervisedBundle>> lacking = new HashMap<>();
        for (SupervisedBundle each : List.copyOf(receivers.values())) {
            try {
                each.ask(question, CALL_TIMEOUT, "a supervisor to look for jars")
                        .texts(1)
                        .forEach(digest -> lacking.computeIfAbsent(digest, first -> new ArrayList<>())
                                .add(each));
            } catch (IllegalStateException e) {
                without(each, bundle, receivers, e);
            }
        }
        for (ShippedJar jar : jars) {
            List<SupervisedBundle> at = lacking.getOrDefault(jar.digest(), List.of());
            if (!at.isEmpty()) {
                List<Long> numbers = at.stream().map(SupervisedBundle::number).toList();
                Frame request = Frame.of("ship", jar.path(), jar.digest(), PART_BYTES, numbers);
                List<String> have = gateway.ask(
                                request, SHIP_TIMEOUT, jar.path().getFileName() + " to reach the nodes")
                        .texts(1);
                at.stream()
                        .filter(each -> !have.contains(String.valueOf(each.number())))
                        .forEach(each -> without(
                                each,
                                bundle,
                                receivers,
                                new IllegalStateException(
                                        jar.path().getFileName() + " has not reached node " + each.node())));
            }
        }
        receivers.keySet().forEach(node -> suppliedNs.put(node, nowNs));
    }

    /** Goes on without a node that can't be supplied, unless it is the one that is launched on. */
    private static void without(
            SupervisedBundle lost,
            SupervisedBundle launchedOn,
            Map<String, SupervisedBundle> receivers,
            IllegalStateException why) {
        if (lost.equals(launchedOn)) {
            throw why;
        }
        receivers.remove(lost.nodeId());
    }

    @Override
    public boolean outlivesDriver() {
        return launcher.isPresent();
    }

    @Override
    public void keep(byte[] state) {
        Launcher next = launcher.orElseThrow();
        Frame request = Frame.of(
                "keep", next.socket(), next.pid(), Frame.of("job", job, state).encode());
        var unused = gateway.ask(request, CALL_TIMEOUT, "the gateway to keep what another driver has to know");
    }

    @Override
    public Optional<byte[]> kept() {
        return kept;
    }

    @Override
    public List<Running> running() {
        List<Running> running = new ArrayList<>();
        bundles.all()
                .forEach((number, bundle) -> bundle.living().forEach(name -> {
                    running.add(new Running(name, new Placed(number, bundle.node(), bundle.gpus())));
                    livingIn.put(name, bundle);
                }));
        return running;
    }

    @Override
    public WorkerHandle takeOver(Running running, Consumer<String> lines) {
        SupervisedBundle bundle = Objects.requireNonNull(livingIn.get(running.name()));
        RemoteWorker worker = new RemoteWorker(running.name(), bundle, lines);
        bundle.takeOver(running.name(), worker);
        workers.add(worker);
        return worker;
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
        bundles.close();
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

        /** What a JDK 25 would warn of, which it is here. */
        private static final List<String> QUIET =
                List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");

        /** Signals for the driver may reach its children, too; that one ends when the driver has given back all. */
        private static final List<String> DEAF = List.of("sh", "-c", "trap '' HUP INT TERM; exec \"$@\"", "sh");

        Gateway start(Path folder) {
            List<String> flags = new ArrayList<>(JVM);
            OPENED.forEach(opened -> flags.add("--add-opens=java.base/java." + opened + "=ALL-UNNAMED"));
            List<String> command = new ArrayList<>(DEAF);
            command.add(ProcessHandle.current().info().command().orElse("java"));
            command.addAll(flags);
            command.addAll(QUIET);
            for (int i = 0; i < flags.size(); i++) {
                command.add("-Dray.job.jvm-options." + i + "=" + flags.get(i));
            }
            command.add("-Dray.address=" + cluster);
            command.add("-Dray.node-ip=" + own);
            command.add("-Dray.job.runtime-env.jars.0=" + supervisor);
            command.add("-cp");
            command.add(Zip.sourceOf(Frame.class) + java.io.File.pathSeparator + rayJar);
            command.add(MAIN);
            command.add(folder.toString());
            try {
                return Gateway.start(command);
            } catch (IOException e) {
                throw new UncheckedIOException("the gateway to Ray did not start", e);
            }
        }
    }
}
