package io.kolo.executor.local;

import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.Node;
import io.kolo.executor.engine.Placed;
import io.kolo.executor.engine.Placer;
import io.kolo.executor.engine.Resources;
import io.kolo.executor.engine.Strategy;
import io.kolo.executor.engine.WorkerHandle;
import io.kolo.executor.engine.WorkerJvm;
import io.kolo.executor.engine.WorkerSpec;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Starts worker JVMs on this machine: the driver's own JDK and class path, and the flags that Kolo's libraries need.
 * They are all gone, and the job's folder too, once it is closed.
 *
 * <p>It plays a cluster of named nodes with resources. Unless it is told which, this machine is the only one, with the
 * GPUs that NVIDIA's driver shows and, since cores can be shared, as many CPUs as are asked for.
 */
final class LocalEngine implements Engine {
    private static final String AOT_FLAGS = "-XX:AOT";
    private static final Path NVIDIA_GPUS = Path.of("/proc/driver/nvidia/gpus");
    private static final long KILL_TIMEOUT_MS = 2000;

    private final JobFolder folder = JobFolder.create();
    private final List<WorkerProcess> processes = new CopyOnWriteArrayList<>();
    private final DeathWatch deaths = new DeathWatch();
    private final List<Node> nodes;
    private volatile List<Placed> reserved = List.of();
    private boolean closed;

    LocalEngine(List<Node> nodes) {
        this.nodes = nodes;
    }

    @Override
    public String name() {
        return nodes.isEmpty() ? "local engine" : "local engine with " + nodes.size() + " nodes";
    }

    @Override
    public String address() {
        return InetAddress.getLoopbackAddress().getHostAddress();
    }

    @Override
    public Path folder() {
        return folder.path();
    }

    @Override
    public List<Placed> reserve(
            Resources bundle, int least, int most, Strategy strategy, boolean together, Duration timeout) {
        List<Node> there = nodes.isEmpty() ? List.of(thisMachine(bundle, most)) : nodes;
        reserved = Placer.place(there, bundle, least, most, strategy);
        return reserved;
    }

    @Override
    public List<Placed> room() {
        return reserved;
    }

    private static Node thisMachine(Resources bundle, int count) {
        double cpus = Math.max(
                Runtime.getRuntime().availableProcessors(), bundle.times(count).of(Resources.CPU));
        String[] gpus = NVIDIA_GPUS.toFile().list();
        return new Node(
                "localhost",
                new Resources(Map.of(Resources.CPU, cpus, Resources.GPU, gpus == null ? 0.0 : gpus.length)));
    }

    @Override
    public WorkerHandle launch(WorkerSpec spec, Consumer<String> lines) {
        ProcessBuilder builder = new ProcessBuilder(command(spec)).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.putAll(WorkerJvm.environment(spec, environment));
        environment.put(FOLDER, folder.path().resolve(spec.name()).toString());
        environment.put(ADDRESS, address());
        try {
            Consumer<String> filtered = line -> {
                if (WorkerJvm.isToBeShown(line)) {
                    lines.accept(line);
                }
            };
            synchronized (processes) {
                if (closed) {
                    throw new CancellationException("the executor was closed");
                }
                WorkerProcess process = new WorkerProcess(builder.start(), spec.name(), filtered, deaths);
                process.onExit(gone -> folder.discard(spec.name()));
                processes.add(process);
                return process;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(spec.name() + " did not start: " + e.getMessage(), e);
        }
    }

    private static List<String> command(WorkerSpec spec) {
        String classPath = WorkerJvm.classPath(spec.jars()).stream()
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(WorkerJvm.FLAGS);
        if (spec.jvmArgs().stream().noneMatch(arg -> arg.startsWith(AOT_FLAGS))) {
            command.addAll(aotCache(classPath));
        }
        command.addAll(spec.jvmArgs());
        command.addAll(List.of("-cp", classPath, spec.mainClass()));
        return command;
    }

    /**
     * Uses the classes that were loaded, linked and profiled when Kolo was built: {@code kolo.aot} beside
     * {@code kolo.jar} (JEP 483, JEP 514). A JVM for which it was not made goes on without it.
     */
    private static List<String> aotCache(String classPath) {
        String first = classPath.split(File.pathSeparator, 2)[0];
        Path cache = Path.of(first.replaceFirst("\\.jar$", ".aot"));
        return first.endsWith(".jar") && Files.isReadable(cache)
                ? List.of(AOT_FLAGS + "Cache=" + cache, "-Xlog:aot*=off")
                : List.of();
    }

    @Override
    public boolean awaitExits(long timeoutMs) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        for (WorkerProcess process : processes) {
            if (!process.awaitExit(Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime())))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        synchronized (processes) {
            closed = true;
            processes.forEach(WorkerProcess::kill);
        }
        try {
            awaitExits(KILL_TIMEOUT_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        deaths.close();
        folder.close();
    }
}
