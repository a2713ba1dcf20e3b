package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import java.util.ArrayList;
import java.util.List;
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

    @Override
    RayExecutorBuilder onTwoNodes() {
        return RayCluster.marked(RayExecutor.builder().address(CLUSTER.address()));
    }

    @Override
    String secondNode() {
        return CLUSTER.node(2);
    }
}
