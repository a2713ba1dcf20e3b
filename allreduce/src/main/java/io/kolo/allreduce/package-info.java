/**
 * How the ranks of one generation exchange buffers.
 *
 * <p>A {@link io.kolo.allreduce.Communicator} is what a rank holds. Each of its operations is a schedule: a duty cycle
 * that polls chunks from the left, combines them into the caller's buffer and sends chunks to the right
 * ({@code RingCollective}; {@code RingAllReduce} and {@code RingBroadcast} say which chunk when). A schedule knows only
 * a {@link io.kolo.allreduce.Link}; a link knows only left and right, and nothing of arithmetic.
 *
 * <p>Calls are ordered: every rank of a ring calls the same operations in the same order. Each chunk carries what its
 * sender believes it is doing, so that ranks that disagree find out in that operation ({@code ChunkHeader}).
 */
@NullMarked
package io.kolo.allreduce;

import org.jspecify.annotations.NullMarked;
