package io.kolo.systemtests;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import org.junit.jupiter.api.extension.RegisterExtension;

class RayEngineSystemTest extends EngineContract {
    @RegisterExtension
    static final RayCluster CLUSTER = RayCluster.of(RayCluster.VERSION, 2);

    @Override
    RayExecutorBuilder onTwoNodes() {
        return RayCluster.marked(RayExecutor.builder().address(RayCluster.address()));
    }

    @Override
    String secondNode() {
        return RayCluster.node(2);
    }
}
