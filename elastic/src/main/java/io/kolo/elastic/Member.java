package io.kolo.elastic;

/**
 * A worker of a generation. Its rank is its place in {@link Generation#members()}.
 *
 * @param worker the worker's number, which no other process of the job has or gets
 * @param host where it runs
 * @param holder whether it has the state that the generation starts from
 */
public record Member(int worker, String host, boolean holder) {}
