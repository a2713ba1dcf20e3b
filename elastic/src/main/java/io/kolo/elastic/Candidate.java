package io.kolo.elastic;

/**
 * A worker that may be in the next generation.
 *
 * @param worker its number
 * @param host where it runs
 * @param state what it holds; none if it has just come
 * @param draining whether it is about to leave
 */
record Candidate(int worker, String host, StateName state, boolean draining) {}
