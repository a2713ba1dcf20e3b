package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.WorkerLostException;
import io.kolo.executor.engine.Strategy;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@MethodSource("clusters")
class RayEngineSystemTest extends EngineContract {
    private final RayCluster cluster;

    RayEngineSystemTest(RayCluster cluster) {
        this.cluster = cluster;
    }

    static Stream<RayCluster> clusters() {
        return RayCluster.VERSIONS.stream().map(version -> RayCluster.of(version, 2));
    }

    @BeforeParameterizedClassInvocation
    static void start(RayCluster cluster) throws IOException {
        cluster.start();
    }

    @AfterParameterizedClassInvocation
    static void end(RayCluster cluster) throws IOException, InterruptedException {
        cluster.end();
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
            cluster.killNode(2);
            WorkerLostException error = assertInstanceOf(WorkerLostException.class, Runs.failure(told));
            System.out.printf("told %d ms after a node was killed: %s%n", (toldNs.get() - killedNs) / 1_000_000, error);
            assertEquals(1, error.rank());
            assertTrue(error.toString().contains("rank 1 on " + cluster.node(2)), error.toString());
        } finally {
            cluster.restore(2);
        }
    }

    @Override
    RayExecutorBuilder onTwoNodes() {
        return RayCluster.marked(RayExecutor.builder().address(cluster.address()));
    }

    @Override
    String secondNode() {
        return cluster.node(2);
    }
}
