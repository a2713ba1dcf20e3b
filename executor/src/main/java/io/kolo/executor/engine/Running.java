package io.kolo.executor.engine;

/**
 * A process that another driver has launched.
 *
 * @param name as its {@link WorkerSpec} has it
 * @param placed where its bundle lies
 */
public record Running(String name, Placed placed) {}
