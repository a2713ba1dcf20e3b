package io.kolo.executor.local;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a worker process needs to start.
 *
 * @param slot the worker's place in the job
 * @param mainClass the class to run
 * @param extraClassPath jars beside the driver's own class path
 * @param environment variables beside the driver's own
 */
public record WorkerSpec(int slot, String mainClass, List<Path> extraClassPath, Map<String, String> environment) {}
