package io.kolo.executor.engine;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a worker's JVM is started with on any engine. */
public final class WorkerJvm {
    /** The flags that Kolo's libraries need. */
    public static final List<String> FLAGS = List.of(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED", // Chronicle's, as are the next
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "-XX:CompileCommand=quiet",
            "-XX:CompileCommand=inline,*Itr::*", // or chance decides whether Aeron's iterators are allocated
            "-XX:+ExitOnOutOfMemoryError");

    private static final String INCUBATOR_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector";

    private WorkerJvm() {}

    /** Returns the driver's own class path, and the jars of a job after it. */
    public static List<Path> classPath(List<Path> jars) {
        String own = ManagementFactory.getRuntimeMXBean().getClassPath();
        return Stream.concat(Arrays.stream(own.split(File.pathSeparator)).map(Path::of), jars.stream())
                .map(Path::toAbsolutePath)
                .toList();
    }

    /**
     * Returns a worker's variables, but for those that say where it is.
     *
     * @param known variables that are there already
     */
    public static Map<String, String> environment(WorkerSpec spec, Map<String, String> known) {
        Map<String, String> environment = new HashMap<>();
        // More OpenMP threads than cores cost a factor of six to ten, and other counts give other bits.
        for (String threads : List.of("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")) {
            if (!known.containsKey(threads)) {
                environment.put(threads, String.valueOf(spec.threads()));
            }
        }
        environment.putAll(spec.environment());
        environment.put(
                "CUDA_VISIBLE_DEVICES",
                spec.gpus().stream().map(String::valueOf).collect(Collectors.joining(",")));
        return environment;
    }

    /** Returns whether a line of a worker's output is the user's, or a library's, rather than the JVM's own. */
    public static boolean isToBeShown(String line) {
        return !line.equals(INCUBATOR_WARNING);
    }
}
