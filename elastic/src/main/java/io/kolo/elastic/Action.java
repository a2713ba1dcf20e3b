package io.kolo.elastic;

/** What a coordinator's shell is to do. */
public sealed interface Action {
    /** Tell a worker an order. */
    record Tell(int worker, Order order) implements Action {}

    /**
     * Write a generation into the journal, durably, if its number is free there; then say {@link Membership#recorded}
     * or {@link Membership#deposed}. Nobody is told of it before.
     */
    record Journal(Generation generation) implements Action {}

    /** End the worker's process, if it still runs: it is no member any more. */
    record Evict(int worker, String reason) implements Action {}

    /** The job is over: all members have finished. */
    record Done(Generation generation) implements Action {}

    /** The job has failed. */
    record GiveUp(String reason) implements Action {}

    /** Another coordinator has taken over: this one says nothing more. */
    record StepDown(String reason) implements Action {}
}
