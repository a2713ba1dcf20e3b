package io.kolo.elastic;

import java.util.List;

/** What a coordinator tells a worker. Each names its generation; late, double and reordered ones do no harm. */
public sealed interface Order {
    /** Returns the generation that the coordinator knew of when it gave the order. */
    int generation();

    /** Apply nothing more in this generation, and say where you stand. */
    record Collect(int generation) implements Order {}

    /**
     * This is the next generation: form its ring, and go on.
     *
     * @param departed who is no member any more, and left its ring after a step: it stores into nobody's memory
     */
    record Form(Generation next, List<Integer> departed) implements Order {
        @Override
        public int generation() {
            return next.number();
        }
    }

    /**
     * These will be the next generation, by rank, if nothing comes between: get its ring ready beside the training.
     * Nothing is decided by that; whoever does not get it ready in time forms it when it is announced.
     */
    record Prepare(int generation, List<Integer> workers) implements Order {}

    /** All freeze together after a step that you agree on: somebody is to join or to leave. */
    record Halt(int generation) implements Order {}

    /** All members have finished: there is no more to come. */
    record Release(int generation) implements Order {}

    /** You are no member any more. */
    record Leave(int generation, String reason) implements Order {}
}
