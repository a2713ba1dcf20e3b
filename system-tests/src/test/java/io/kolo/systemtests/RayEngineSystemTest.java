package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.WorkerLostException;
import io.kolo.executor.engine.Strategy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class RayEngineSystemTest extends EngineContract {
    @RegisterExtension
    static final RayCluster CLUSTER = RayCluster.of(RayCluster.VERSION, 2);

    @Test
    void shouldTrainToTheSameBitsAsTheLocalEngine() {
        int[] shards = {6, 5, 4, 3};
        List<List<float[]>> parameters = new ArrayList<>();
        for (RayExecutorBuilder builder : List.of(onTwoNodes(), new LocalEngineSystemTest().onTwoNodes())) {
            try (RayExecutor executor = builder.workers(4).gpusPerWorker(1).build()) {
                executor.start();
                parameters.add(executor.run(
                        worker -> ParitySystemTest.trainTogether(worker, Networks.CNN_NESTEROV, shards, 1)));
            }
        }
        for (int rank = 0; rank < shards.length; rank++) {
            assertArrayEquals(
                    parameters.getLast().get(rank), parameters.getFirst().get(rank), "rank " + rank);
        }
    }

    @Test
    void shouldTellWhoIsLostWithANode() throws Exception {
        AtomicLong toldNs = new AtomicLong();
        try (RayExecutor executor = onTwoNodes()
                .workers(2)
                .placementStrategy(Strategy.STRICT_SPREAD)
                .build()) {
            executor.start();
            CompletableFuture<Integer> run =
                    executor.runAsync(EngineContract::meetForEver).getFirst();
            CompletableFuture<?> told = run.whenComplete((result, error) -> toldNs.set(System.nanoTime()));
            long killedNs = System.nanoTime();
            CLUSTER.killNode(2);
            WorkerLostException error = assertInstanceOf(WorkerLostException.class, Runs.failure(told));
            System.out.printf("told %d ms after a node was killed: %s%n", (toldNs.get() - killedNs) / 1_000_000, error);
            assertEquals(1, error.rank());
            assertTrue(error.toString().contains("rank 1 on " + CLUSTER.node(2)), error.toString());
        } finally {
            CLUSTER.restore(2);
        }
    }

    @Override
    RayExecutorBuilder onTwoNodes() {
        return RayCluster.marked(RayExecutor.builder().address(CLUSTER.address()));
    }

    @Override
    String secondNode() {
        return CLUSTER.node(2);
    }
}
