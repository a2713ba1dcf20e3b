package io.kolo.allreduce;

import io.kolo.kernels.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/** A ring whose ranks take turns on one thread, in an order drawn from a seed. */
final class OneThreadRing {
    private static final int MAX_IDLE_ROUNDS = 10_000;

    final List<Ring> places = new ArrayList<>();
    final List<RingAllReduce> allReduces = new ArrayList<>();
    final List<RingBroadcast> broadcasts = new ArrayList<>();
    final List<MemoryLink> links;
    private final SplittableRandom random;

    OneThreadRing(int size, int capacityBytes, Kernels kernels, SplittableRandom random) {
        this.links = MemoryLink.ring(size, capacityBytes);
        this.random = random;
        long key = random.nextLong();
        for (int rank = 0; rank < size; rank++) {
            Ring ring = new Ring(1, key, rank, size);
            places.add(ring);
            allReduces.add(new RingAllReduce(ring, links.get(rank), kernels));
            broadcasts.add(new RingBroadcast(ring, links.get(rank)));
        }
    }

    int size() {
        return links.size();
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
