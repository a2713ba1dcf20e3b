package io.kolo.executor;

import io.kolo.allreduce.Communicator;
import io.kolo.kernels.DataType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What is trained in numbered steps, the same on all ranks, from a state that is the same on all of them: see
 * {@link Worker#train}. In an elastic job a step may be lost and done again by other ranks, and a state be replaced by
 * another rank's.
 */
public interface Trainee {
    /**
     * A part of the state.
     *
     * @param memory where it lies
     * @param type of its elements
     */
    record Part(MemorySegment memory, DataType type) {}

    /** Returns whether the state is that after the last step; the same state says the same on all ranks. */
    boolean isOver();

    /**
     * Returns the whole state, in parts of the same number and types on all ranks, and of the same lengths, unless
     * {@link #load} is its own.
     */
    List<Part> state();

    /**
     * Makes the state another rank's.
     *
     * @param parts its state; only good until this returns, and perhaps in the memory of this one's parts already
     * @throws IllegalStateException if it is not of this one's lengths
     */
    default void load(List<Part> parts) {
        List<Part> own = state();
        for (int i = 0; i < own.size(); i++) {
            MemorySegment memory = own.get(i).memory();
            MemorySegment others = parts.get(i).memory();
            if (memory.byteSize() != others.byteSize()) {
                throw new IllegalStateException("part " + i + " of the state has " + memory.byteSize()
                        + " bytes here, and " + others.byteSize() + " on another rank: give all the same");
            }
            if (memory.address() != others.address() || !memory.isNative()) {
                memory.copyFrom(others);
            }
        }
    }

    /**
     * Does once what a step does, without a ring and without changing the state, so that the first step is as fast as
     * others.
     */
    default void rehearse() {}

    /**
     * Returns how many bytes {@link #enter} will allocate of a ring, so that they are made before the others wait for
     * them; 0 if that is not known.
     */
    default long ringMemory() {
        return 0;
    }

    /** The ranks form this ring from now on; the one before is closed when this returns. */
    void enter(Communicator ring);

    /** The state is that after a step now; 0 is before the first. */
    void resume(long step);

    /**
     * Does a step: computes this rank's share, passes the gate, exchanges it with the others, passes the gate again,
     * and only then changes the state. Whatever is random in it must follow from the step alone.
     *
     * @param step from 1 on
     * @param gate to be passed before the first operation on the ring, and after the last
     * @throws StepLostException as the gate does; the state has to be as before the step then
     */
    void step(long step, StepGate gate);
}
