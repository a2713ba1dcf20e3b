package io.kolo.executor;

import java.util.Map;

/**
 * How far a worker is.
 *
 * @param rank the worker
 * @param done units of work done
 * @param total units of work in all
 * @param metrics figures by name, such as {@code "loss"}
 */
public record Progress(int rank, long done, long total, Map<String, Double> metrics) {}
