package io.kolo.systemtests;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RayEngineSystemTest extends EngineContract {
    @SuppressWarnings("NullAway.Init") // set before all tests
    private static RayCluster cluster;

    @BeforeAll
    static void startCluster() throws IOException {
        cluster = RayCluster.start("2.39.0", 2);
    }

    @AfterAll
    static void endCluster() throws IOException {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Override
    RayExecutorBuilder onTwoNodes() {
        return RayCluster.marked(RayExecutor.builder().address(RayCluster.address()));
    }

    @Override
    String secondNode() {
        return RayCluster.node(2);
    }
}
