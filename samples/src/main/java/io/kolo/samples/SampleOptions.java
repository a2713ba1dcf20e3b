package io.kolo.samples;

import java.io.Serializable;

/**
 * How a sample trains.
 *
 * @param epochs how often each image is seen
 * @param batchSize samples of all ranks in a step
 * @param seed of the network's start and the order of the images
 */
public record SampleOptions(int epochs, int batchSize, long seed) implements Serializable {
    /** Checks the ranges. */
    public SampleOptions {
        if (epochs < 1) {
            throw new IllegalArgumentException("epochs must be at least 1, not " + epochs);
        }
        if (batchSize < 1) {
            throw new IllegalArgumentException("the batch size must be at least 1, not " + batchSize);
        }
    }
}
