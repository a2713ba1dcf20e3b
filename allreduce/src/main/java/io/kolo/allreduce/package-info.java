/**
 * How the ranks of one generation exchange buffers.
 *
 * <p>A {@link io.kolo.allreduce.Communicator} is what a rank holds. How its operations are done is a plan, the same on
 * every rank: {@code HostPlan}, through memory that all ranks of a host have mapped, or {@code RingPlan}, over links.
 * Both add up in the order of {@code Segments}, and so give the same bits.
 *
 * <p>In a ring, an operation is a duty cycle that polls chunks from the left, combines them into the caller's buffer
 * and sends chunks to the right ({@code RingCollective}; {@code RingSweep}, {@code RingBroadcast} and
 * {@code RingExchange} say which chunk when). It knows only a {@link io.kolo.allreduce.Link}; a link knows only left
 * and right, and nothing of arithmetic.
 *
 * <p>Calls are ordered: every rank calls the same operations in the same order. Each chunk, and in shared memory each
 * rank, says what it believes it is doing, so that ranks that disagree find out in that operation
 * ({@code ChunkHeader}).
 */
@NullMarked
package io.kolo.allreduce;

import org.jspecify.annotations.NullMarked;
