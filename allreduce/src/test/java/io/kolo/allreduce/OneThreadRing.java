package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/** A ring whose ranks take turns on one thread, in an order drawn from a seed. */
final class OneThreadRing {
    private static final int MAX_IDLE_ROUNDS = 10_000;

    private final List<RingSweep> sweeps = new ArrayList<>();
    private final List<RingBroadcast> broadcasts = new ArrayList<>();
    private final Kernels kernels;
    private final SplittableRandom random;

    OneThreadRing(int size, int capacityBytes, Kernels kernels, SplittableRandom random) {
        this.kernels = kernels;
        this.random = random;
        Lines[] lines = MemoryLines.of(size, capacityBytes);
        long key = random.nextLong();
        for (int rank = 0; rank < size; rank++) {
            Ring ring = new Ring(1, key, rank, size);
            Link link = lines[rank].link(ring.left(), ring.right());
            sweeps.add(new RingSweep(ring, link));
            broadcasts.add(new RingBroadcast(ring, link));
        }
    }

    RingCollective allReduce(int rank, int sequence, MemorySegment buffer, DataType type, ReduceOp op) {
        int divisor = op == ReduceOp.AVERAGE ? size() : 1;
        return sweeps.get(rank)
                .start(
                        new Operation()
                                .is(Collective.ALL_REDUCE, sequence, type, 0)
                                .combining(kernels, op, divisor, 1),
                        buffer);
    }

    RingCollective broadcast(int rank, int sequence, MemorySegment buffer, DataType type, int root) {
        return broadcasts.get(rank).start(new Operation().is(Collective.BROADCAST, sequence, type, root), buffer);
    }

    RingCollective barrier(int rank, int sequence) {
        return sweeps.get(rank)
                .start(new Operation().is(Collective.BARRIER, sequence, DataType.F32, 0), MemorySegment.NULL);
    }

    int size() {
        return sweeps.size();
    }

    /**
     * Turns the operations, in random order and proportion, until all have ended; returns each rank's error or null.
     */
    List<CollectiveException> run(IntFunction<RingCollective> operationOfRank) {
        List<CollectiveException> errors = new ArrayList<>();
        List<RingCollective> operations = new ArrayList<>();
        for (int rank = 0; rank < size(); rank++) {
            errors.add(null);
            operations.add(operationOfRank.apply(rank));
        }
        int idleRounds = 0;
        while (idleRounds < MAX_IDLE_ROUNDS) {
            boolean allDone = true;
            int work = 0;
            for (int i = 0; i < size(); i++) {
                int rank = random.nextInt(size());
                if (errors.get(rank) == null && !operations.get(rank).isDone()) {
                    try {
                        work += operations.get(rank).doWork();
                    } catch (CollectiveException e) {
                        errors.set(rank, e);
                    }
                }
            }
            for (int rank = 0; rank < size(); rank++) {
                allDone &= errors.get(rank) != null || operations.get(rank).isDone();
            }
            if (allDone) {
                return errors;
            }
            idleRounds = work > 0 ? 0 : idleRounds + 1;
        }
        throw new AssertionError("the ring stands still");
    }
}
