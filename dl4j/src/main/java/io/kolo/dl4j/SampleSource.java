package io.kolo.dl4j;

import org.nd4j.linalg.dataset.DataSet;

/** Samples that can be had by their numbers, in any order and again and again. */
@FunctionalInterface
public interface SampleSource {
    /**
     * Returns samples as one batch.
     *
     * @param indices their numbers, {@code 0 <= index < samples}, in the order in which they are wanted
     */
    DataSet batch(int[] indices);
}
