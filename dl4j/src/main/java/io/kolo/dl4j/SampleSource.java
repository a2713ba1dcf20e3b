package io.kolo.dl4j;

import org.nd4j.linalg.dataset.DataSet;

/** Samples that can be had by their numbers, in any order and again and again. */
@FunctionalInterface
public interface SampleSource {
    /**
     * Returns samples as one batch. What is random in it, such as an augmentation, has to be drawn from
     * {@code Nd4j.getRandom()}: its seed is that of the step and of the batch's place in it.
     *
     * @param indices their numbers, {@code 0 <= index < samples}, in the order in which they are wanted
     */
    DataSet batch(int[] indices);
}
