package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;
import io.kolo.executor.Worker;
import io.kolo.executor.engine.PlacementException;
import io.kolo.executor.engine.Strategy;
import io.kolo.testkit.Leftovers;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What every engine has to do with a job's bundles, on a cluster of two nodes of 4 CPUs and 2 GPUs each. */
@ExtendWith(Leftovers.class)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
abstract class EngineContract {
    /** A builder for the cluster. */
    abstract RayExecutorBuilder onTwoNodes();

    private record Place(int rank, int localRank, int localSize, int crossRank, int crossSize, int bundle, String gpus)
            implements Serializable {
        static Place of(Worker worker) {
            return new Place(
                    worker.rank(),
                    worker.localRank(),
                    worker.localSize(),
                    worker.crossRank(),
                    worker.crossSize(),
                    worker.bundle(),
                    String.valueOf(System.getenv("CUDA_VISIBLE_DEVICES")));
        }
    }

    private static List<Place> places(RayExecutorBuilder builder) {
        try (RayExecutor executor = builder.build()) {
            executor.start();
            return executor.run(Place::of);
        }
    }

    @Test
    void shouldPackWorkersAndGiveEachItsGpu() {
        assertEquals(
                List.of(
                        new Place(0, 0, 2, 0, 2, 0, "0"),
                        new Place(1, 1, 2, 0, 1, 1, "1"),
                        new Place(2, 0, 1, 1, 2, 2, "0")),
                places(onTwoNodes().workers(3).gpusPerWorker(1)));
    }

    @Test
    void shouldSpreadWorkers() {
        assertEquals(
                List.of(new Place(0, 0, 1, 0, 2, 0, ""), new Place(1, 0, 1, 1, 2, 1, "")),
                places(onTwoNodes().workers(2).placementStrategy(Strategy.SPREAD)));
    }

    @Test
    void shouldPutHostsOnNodesOfTheirOwn() {
        assertEquals(
                List.of(
                        new Place(0, 0, 2, 0, 2, 0, "0"),
                        new Place(1, 1, 2, 0, 2, 0, "1"),
                        new Place(2, 0, 2, 1, 2, 1, "0"),
                        new Place(3, 1, 2, 1, 2, 1, "1")),
                places(onTwoNodes().hosts(2).workersPerHost(2).gpusPerWorker(1)));
    }

    @Test
    void shouldRefuseWhatHasNoRoomBeforeAnythingIsLaunched() {
        try (RayExecutor executor = onTwoNodes()
                .workers(2)
                .gpusPerWorker(2)
                .placementStrategy(Strategy.STRICT_PACK)
                .build()) {
            PlacementException error = assertThrows(PlacementException.class, executor::start);
            assertTrue(error.toString().contains("bundles of {CPU: 1, GPU: 2} (STRICT_PACK)"), error.toString());
            assertTrue(error.toString().contains("free {CPU: 4, GPU: 2} of {CPU: 4, GPU: 2}"), error.toString());
        }
    }

    @Test
    void shouldPassTheEnvironmentOnAndOneThreadACpu() {
        try (RayExecutor executor = onTwoNodes()
                .environment("GREETING", "hello there")
                .environment("OMP_NUM_THREADS", "3")
                .build()) {
            executor.start();
            assertEquals(
                    List.of("hello there, 3"),
                    executor.run(worker -> System.getenv("GREETING") + ", " + System.getenv("OMP_NUM_THREADS")));
        }
    }
}
