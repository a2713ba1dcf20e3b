package io.kolo.dl4j;

/** Hears of each step of {@link DistributedNetwork#fit}, on every rank. */
@FunctionalInterface
public interface StepListener {
    /**
     * A step has been applied.
     *
     * @param step what it was
     */
    void onStep(Step step);

    /**
     * One step of training: the same figures on every rank.
     *
     * @param number of the step in this fit, from 1
     * @param epoch number of the epoch, from 0
     * @param samples samples of all ranks in this step
     * @param loss mean loss over them, with the regularization terms
     */
    record Step(long number, int epoch, int samples, double loss) {}
}
