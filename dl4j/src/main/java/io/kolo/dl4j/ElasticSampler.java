package io.kolo.dl4j;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Deals the samples of each epoch to the ranks that there are. An epoch is a permutation of all samples, from the seed
 * and the epoch's number alone: {@link Collections#shuffle} of 0, 1, 2, ... by a {@link Random} of both. A step takes
 * the next batch of it, the last of an epoch what is left; of these, {@code length} in number, a rank gets those from
 * {@code length * rank / size} to {@code length * (rank + 1) / size}. So each sample is seen once an epoch, whoever
 * comes and goes.
 */
public final class ElasticSampler {
    private final int samples;
    private final int batch;
    private final boolean perWorker;
    private final long seed;
    private final SampleSource source;
    private int shuffledEpoch = -1;
    private int[] order = {};

    /**
     * A sampler whose steps are of the same length, however many ranks there are.
     *
     * @param samples how many there are
     * @param globalBatch samples of all ranks in a step
     * @param seed of the order, and of whatever is random in a step
     * @param source has them
     * @throws IllegalArgumentException if there are no samples, or none in a step
     */
    public ElasticSampler(int samples, int globalBatch, long seed, SampleSource source) {
        this(samples, globalBatch, false, seed, source);
    }

    private ElasticSampler(int samples, int batch, boolean perWorker, long seed, SampleSource source) {
        if (samples < 1 || batch < 1) {
            throw new IllegalArgumentException(samples + " samples in steps of " + batch + ": give at least 1 of each");
        }
        this.samples = samples;
        this.batch = batch;
        this.perWorker = perWorker;
        this.seed = seed;
        this.source = source;
    }

    /**
     * A sampler whose steps are the longer, and the fewer, the more ranks there are. The learning rate may follow:
     * {@link DistributedNetwork#scaleLearningRate}.
     *
     * @param samples how many there are
     * @param batch samples of each rank in a step
     * @param seed of the order, and of whatever is random in a step
     * @param source has them
     * @throws IllegalArgumentException if there are no samples, or none in a step
     */
    public static ElasticSampler perWorker(int samples, int batch, long seed, SampleSource source) {
        return new ElasticSampler(samples, batch, true, seed, source);
    }

    /** Returns how many steps an epoch has if there are as many ranks all along. */
    public int stepsPerEpoch(int size) {
        return Math.ceilDiv(samples, batch(size));
    }

    /**
     * Returns which samples a rank gets in a step.
     *
     * @param dealt how many samples the steps before it have had, through all epochs
     */
    public int[] indices(long dealt, int rank, int size) {
        int epoch = epoch(dealt);
        if (epoch != shuffledEpoch) {
            List<Integer> shuffled = IntStream.range(0, samples).boxed().collect(Collectors.toList());
            Collections.shuffle(shuffled, new Random(mixed(epoch)));
            order = shuffled.stream().mapToInt(Integer::intValue).toArray();
            shuffledEpoch = epoch;
        }
        int start = (int) (dealt % samples);
        long length = length(dealt, size);
        return Arrays.copyOfRange(
                order, start + (int) (length * rank / size), start + (int) (length * (rank + 1) / size));
    }

    /** Returns how many samples all ranks together get in a step. */
    int length(long dealt, int size) {
        return (int) Math.min(batch(size), samples - dealt % samples);
    }

    private int batch(int size) {
        return perWorker ? (int) Math.min(samples, (long) batch * size) : batch;
    }

    int epoch(long dealt) {
        return (int) (dealt / samples);
    }

    /** Returns whether each sample has been seen so often. */
    boolean isOver(long dealt, int epochs) {
        return dealt >= (long) samples * epochs;
    }

    /** Returns the seed of what is random in a rank's part of a step, such as dropout. */
    long seed(long step, int rank, int size) {
        return mixed(step, (long) rank * batch(size) / size);
    }

    /**
     * Returns a seed for each sequence of numbers, each as far from the next one as from any other: the first of a
     * {@link SplittableRandom} of the sampler's seed, then that of one of it plus the first number, and so on.
     */
    private long mixed(long... numbers) {
        long mixed = new SplittableRandom(seed).nextLong();
        for (long number : numbers) {
            mixed = new SplittableRandom(mixed + number).nextLong();
        }
        return mixed;
    }

    SampleSource source() {
        return source;
    }
}
