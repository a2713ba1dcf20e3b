package io.kolo.executor.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a worker's or a coordinator's process needs to start.
 *
 * @param name of the process in its job, also of its folder
 * @param placed where its bundle lies
 * @param gpus those of the bundle's GPUs that are this worker's
 * @param threads threads for linear algebra, unless the environment has another number
 * @param mainClass the class to run
 * @param jars jars beside the driver's own class path
 * @param jvmArgs arguments of the JVM beside the engine's own
 * @param environment variables beside the node's own
 */
public record WorkerSpec(
        String name,
        Placed placed,
        List<Integer> gpus,
        int threads,
        String mainClass,
        List<Path> jars,
        List<String> jvmArgs,
        Map<String, String> environment) {}
