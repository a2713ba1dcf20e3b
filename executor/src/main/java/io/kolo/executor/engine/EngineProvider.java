package io.kolo.executor.engine;

import java.util.List;

/** Finds the engine of an address; looked up by {@link java.util.ServiceLoader}. */
public interface EngineProvider {
    /** Returns whether this provider's engine is at {@code address}, which is {@code "local"} or {@code HOST:PORT}. */
    boolean serves(String address);

    /**
     * Opens the engine for one job.
     *
     * @param address where
     * @param nodes the nodes to play, for an engine that plays a cluster; empty for what is really there
     */
    Engine open(String address, List<Node> nodes);
}
