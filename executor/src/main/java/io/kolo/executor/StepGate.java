package io.kolo.executor;

/** What a step passes on its way into the ring and out of it. */
public interface StepGate {
    /** A gate that is always open: nobody joins, and who leaves ends the job. */
    StepGate OPEN = new StepGate() {
        @Override
        public void enter() {}

        @Override
        public boolean halting() {
            return false;
        }

        @Override
        public void complete(boolean halt) {}
    };

    /**
     * This rank has its share of the step, and goes into the ring.
     *
     * @throws StepLostException if the ring is broken already
     */
    void enter();

    /**
     * Returns whether this rank wants all to halt after the step, as far as it is known now; the ranks combine that
     * with their shares.
     */
    boolean halting();

    /**
     * The step is reduced; it counts from here on.
     *
     * @param halt whether any rank wants all to halt
     * @throws StepLostException if this rank has promised meanwhile not to apply it
     */
    void complete(boolean halt);
}
