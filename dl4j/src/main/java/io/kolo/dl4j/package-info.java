/**
 * Deeplearning4j networks as distributed ones.
 *
 * <p>{@link io.kolo.dl4j.DistributedNetwork} wraps a user's network and puts itself between the backward pass and the
 * updater: the one place where DL4J hands out the gradients of all layers, in one flat buffer, before it divides them
 * by the batch, clips them and feeds them to Adam and its kin. What the updater then sees is what it would see if one
 * network had been given the batches of all ranks as one.
 */
@NullMarked
package io.kolo.dl4j;

import org.jspecify.annotations.NullMarked;
