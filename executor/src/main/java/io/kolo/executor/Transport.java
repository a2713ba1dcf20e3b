package io.kolo.executor;

/**
 * How gradients travel between ranks. All ways give the same bits, but UDP that is forced where a host has several of
 * the ranks, and not all: it takes each rank for a host of its own.
 */
public enum Transport {
    /** Shared memory where all ranks are on one host, else UDP. */
    AUTO,
    /** Shared memory, or not at all. */
    SHARED_MEMORY,
    /** UDP, also on one host. */
    UDP
}
