package io.kolo.executor.engine;

/** How the bundles of a job lie on the nodes; the words are Ray's. */
public enum Strategy {
    /** On as few nodes as possible. */
    PACK,
    /** On as many nodes as possible. */
    SPREAD,
    /** All on one node, or not at all. */
    STRICT_PACK,
    /** Each on a node of its own, or not at all. */
    STRICT_SPREAD
}
