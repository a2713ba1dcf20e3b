package io.kolo.executor.engine;

/**
 * A machine of the cluster.
 *
 * @param name unique in the cluster
 * @param total what it has
 */
public record Node(String name, Resources total) {}
