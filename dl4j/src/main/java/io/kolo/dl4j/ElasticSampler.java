package io.kolo.dl4j;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Deals the samples of each epoch to the ranks that there are. An epoch is a permutation of all samples, from the seed
 * and the epoch's number alone: {@link Collections#shuffle} of 0, 1, 2, ... by a {@link Random} of seed + epoch. A step
 * takes the next {@code globalBatch} of it, the last of an epoch what is left; of these, {@code length} in number, a
 * rank gets those from {@code length * rank / size} to {@code length * (rank + 1) / size}. So each sample is seen once
 * an epoch, whoever comes and goes.
 */
public final class ElasticSampler {
    private final int samples;
    private final int globalBatch;
    private final long seed;
    private final SampleSource source;
    private int shuffledEpoch = -1;
    private int[] order = {};

    /**
     * A sampler.
     *
     * @param samples how many there are
     * @param globalBatch samples of all ranks in a step
     * @param seed of the order, and of whatever is random in a step
     * @param source has them
     * @throws IllegalArgumentException if there are no samples, or none in a step
     */
    public ElasticSampler(int samples, int globalBatch, long seed, SampleSource source) {
        if (samples < 1 || globalBatch < 1) {
            throw new IllegalArgumentException(
                    samples + " samples in steps of " + globalBatch + ": give at least 1 of each");
        }
        this.samples = samples;
        this.globalBatch = globalBatch;
        this.seed = seed;
        this.source = source;
    }

    /** Returns how many steps an epoch has. */
    public int stepsPerEpoch() {
        return Math.ceilDiv(samples, globalBatch);
    }

    /** Returns which samples a rank gets in a step, from 1 on through all epochs. */
    public int[] indices(long step, int rank, int size) {
        int epoch = epoch(step);
        if (epoch != shuffledEpoch) {
            List<Integer> shuffled = IntStream.range(0, samples).boxed().collect(Collectors.toList());
            Collections.shuffle(shuffled, new Random(seed + epoch));
            order = shuffled.stream().mapToInt(Integer::intValue).toArray();
            shuffledEpoch = epoch;
        }
        int start = (int) ((step - 1) % stepsPerEpoch()) * globalBatch;
        long length = Math.min(globalBatch, samples - start);
        return Arrays.copyOfRange(
                order, start + (int) (length * rank / size), start + (int) (length * (rank + 1) / size));
    }

    int epoch(long step) {
        return (int) ((step - 1) / stepsPerEpoch());
    }

    /** Returns the seed of what is random in a rank's part of a step, such as dropout. */
    long seed(long step, int rank, int size) {
        return (seed * 31 + step) * 31 + (long) rank * globalBatch / size;
    }

    SampleSource source() {
        return source;
    }
}
