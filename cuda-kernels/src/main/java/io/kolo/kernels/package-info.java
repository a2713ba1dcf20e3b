/**
 * How numbers are combined: the bottom of Kolo's data plane.
 *
 * <p>{@link io.kolo.kernels.Kernels} is the contract. {@link io.kolo.kernels.ScalarKernels} is right by definition:
 * plain loops that a reader can check by eye, and the oracle of every test. {@link io.kolo.kernels.VectorKernels} does
 * the same with the Vector API and has to agree with it bit for bit. {@link io.kolo.kernels.Kernels#probe()} chooses
 * one for the life of the process and says why.
 *
 * <p>The vocabulary of numbers, {@link io.kolo.kernels.DataType} and {@link io.kolo.kernels.ReduceOp}, lives here too,
 * so that whoever moves bytes and whoever adds them up mean the same.
 */
@NullMarked
package io.kolo.kernels;

import org.jspecify.annotations.NullMarked;
