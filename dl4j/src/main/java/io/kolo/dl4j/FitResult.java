package io.kolo.dl4j;

/**
 * What {@link DistributedNetwork#fit} did: the same figures on every rank.
 *
 * @param steps number of steps
 * @param samples samples of all ranks, in all steps
 * @param lastLoss mean loss of the last step, NaN if there was none
 */
public record FitResult(long steps, long samples, double lastLoss) {}
