/**
 * One file a lesson: {@link io.kolo.samples.Digits} trains a small network on real data in a minute;
 * {@link io.kolo.samples.Mnist} does the same with a convolutional one.
 */
@NullMarked
package io.kolo.samples;

import org.jspecify.annotations.NullMarked;
