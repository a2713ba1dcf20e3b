package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.Ring;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Forms rings of two within this process, and goes round them, before it joins that of others: what it does there has
 * been loaded, and compiled, by then, and those that train are not kept waiting for it.
 */
final class Rehearsal {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int RINGS = 4;
    private static final int ROUNDS = 200;
    private static final int FLOATS = 1 << 14;

    private Rehearsal() {}

    /**
     * Rehearses.
     *
     * @param folder this worker's own, in memory
     */
    static void run(AeronEndpoint own, Kernels kernels, Path folder) {
        Path beside = folder.resolve("rehearsal"); // gone with it, whatever happens
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (AeronEndpoint other = AeronEndpoint.open(beside, own.host(), TIMEOUT)) {
            List<String> addresses = List.of(own.address(), other.address());
            for (int generation = 1; generation <= RINGS; generation++) {
                Ring first = new Ring(generation, generation, 0, 2);
                Ring second = new Ring(generation, generation, 1, 2);
                List<Callable<Boolean>> ranks = List.of(
                        () -> goRound(
                                new Communicator(first, own.connect(addresses, first, TIMEOUT), kernels, TIMEOUT),
                                beside),
                        () -> goRound(
                                new Communicator(second, other.connect(addresses, second, TIMEOUT), kernels, TIMEOUT),
                                beside));
                for (Future<Boolean> rank : threads.invokeAll(ranks)) {
                    rank.get();
                }
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("no ring could be formed within this process", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            threads.shutdown();
        }
    }

    private static boolean goRound(Communicator ring, Path folder) {
        try (ring) {
            ring.barrier();
            boolean shared = ring.shareMemory(folder);
            MemorySegment buffer = ring.allocate(FLOATS * (long) Float.BYTES);
            for (int i = 0; i < ROUNDS; i++) {
                ring.allReduce(buffer, DataType.F32, ReduceOp.SUM);
                ring.broadcast(buffer, DataType.F32, i % 2);
            }
            return shared;
        }
    }
}
