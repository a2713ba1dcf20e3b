package io.kolo.dl4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.MemoryLines;
import io.kolo.allreduce.Ring;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Timeout(120)
class DistributedArraysTest {
    private static final Duration PATIENT = Duration.ofSeconds(50);
    private static final int RANKS = 2;

    private final ExecutorService threads = Executors.newFixedThreadPool(RANKS);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** Returns what each rank's part returns. */
    private <T> List<T> onEachRank(BiFunction<DistributedArrays, Integer, T> part) throws Exception {
        var lines = MemoryLines.of(RANKS, 1 << 16);
        List<Future<T>> futures = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            int own = rank;
            Communicator communicator =
                    new Communicator(new Ring(1, 7, own, RANKS), lines[own], Kernels.probe(), PATIENT);
            futures.add(threads.submit(() -> part.apply(DistributedArrays.of(communicator), own)));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
            results.add(future.get(50, TimeUnit.SECONDS));
        }
        return results;
    }

    private static INDArray counting(int rank) {
        return Nd4j.arange(12).castTo(DataType.FLOAT).reshape('c', 3, 4).muli(rank + 1);
    }

    /** One rank has its elements row by row, the other one column by column. */
    @Test
    void shouldCombineWhatHasTheSameIndexInEitherOrder() throws Exception {
        List<INDArray> results = onEachRank((arrays, rank) -> {
            INDArray own = counting(rank).dup(rank == 0 ? 'c' : 'f');
            arrays.allReduce(own, ReduceOp.SUM);
            assertEquals(rank == 0 ? 'c' : 'f', own.ordering());
            return own;
        });
        for (INDArray result : results) {
            assertEquals(counting(2), result.dup('c'));
        }
    }

    @Test
    void shouldReduceAViewAndLeaveTheRestAlone() throws Exception {
        List<INDArray> results = onEachRank((arrays, rank) -> {
            INDArray own = counting(rank);
            arrays.allReduce(own.getColumn(1), ReduceOp.AVERAGE);
            arrays.broadcast(own.get(NDArrayIndex.interval(1, 3), NDArrayIndex.point(3)), 1);
            return own;
        });
        for (int rank = 0; rank < RANKS; rank++) {
            INDArray expected = counting(rank);
            expected.putColumn(1, counting(0).getColumn(1).mul(1.5));
            expected.putScalar(1, 3, 14).putScalar(2, 3, 22);
            assertEquals(expected, results.get(rank));
        }
    }

    @Test
    void shouldExchangeEveryTypeThatItNames() throws Exception {
        for (DataType type : List.of(
                DataType.FLOAT,
                DataType.DOUBLE,
                DataType.FLOAT16,
                DataType.BFLOAT16,
                DataType.INT32,
                DataType.INT64,
                DataType.INT8,
                DataType.UINT8)) {
            List<INDArray> results = onEachRank((arrays, rank) -> {
                INDArray own = counting(rank).castTo(type);
                arrays.allReduce(own, ReduceOp.MAX);
                return own;
            });
            results.forEach(result -> assertEquals(counting(1).castTo(type), result, type.toString()));
        }
        List<INDArray> truths = onEachRank((arrays, rank) -> {
            INDArray own = counting(0).eq(rank);
            arrays.allReduce(own, ReduceOp.MAX);
            return own;
        });
        truths.forEach(result -> assertEquals(counting(0).lt(2), result));
        assertThrows(IllegalArgumentException.class, () -> NativeArrays.elementType(Nd4j.create(DataType.UINT32, 2)));
    }

    @Test
    void shouldJoinArraysOfDifferentLengths() throws Exception {
        List<INDArray> results =
                onEachRank((arrays, rank) -> arrays.allGather(counting(rank).get(NDArrayIndex.interval(0, rank + 1))));
        INDArray expected = Nd4j.vstack(
                counting(0).get(NDArrayIndex.interval(0, 1)), counting(1).get(NDArrayIndex.interval(0, 2)));
        results.forEach(result -> assertEquals(expected, result));
    }

    /**
     * Rank 0 has its elements row by row, rank 1 column by column; what comes goes into columns of something larger.
     */
    @Test
    void shouldMoveArraysOfEitherOrderIntoViews() throws Exception {
        INDArray sum = counting(2);
        onEachRank((arrays, rank) -> {
            char order = rank == 0 ? 'c' : 'f';
            INDArray own = counting(rank).dup(order);

            INDArray all = columnsOf(2, 3, 4);
            arrays.gather(own, all, 1);
            assertEquals(rank == 1 ? both() : Nd4j.zeros(2, 3, 4), all, "gather");

            INDArray part = columnsOf(3, 4);
            arrays.scatter(rank == 0 ? both().dup('f') : own, part, 0);
            assertEquals(counting(rank), part, "scatter");

            INDArray incoming = columnsOf(2, 6);
            arrays.allToAll(own.reshape('c', 2, 6).dup(order), incoming);
            assertEquals(halves(rank), incoming, "all-to-all");

            INDArray segment = columnsOf(6);
            arrays.reduceScatter(own.dup(order), segment, ReduceOp.SUM);
            assertEquals(sum.reshape('c', 2, 6).getRow(rank), segment, "reduce-scatter");

            if (rank == 0) {
                arrays.send(own, 1);
            } else {
                INDArray received = columnsOf(3, 4);
                arrays.receive(received, 0);
                assertEquals(counting(0), received, "receive");
            }

            arrays.reduce(own, ReduceOp.SUM, 1);
            assertTrue(rank == 0 || own.equals(sum), "reduce");
            INDArray scaled = counting(rank).dup(order);
            arrays.allReduce(scaled, ReduceOp.AVERAGE, 2, 10);
            assertEquals(counting(0).mul(30), scaled, "scaled");
            return rank;
        });
    }

    /** Zeros, every other column of an array. */
    private static INDArray columnsOf(long... shape) {
        long[] wide = shape.clone();
        wide[wide.length - 1] *= 2;
        INDArrayIndex[] indices = new INDArrayIndex[shape.length];
        Arrays.fill(indices, NDArrayIndex.all());
        indices[shape.length - 1] = NDArrayIndex.interval(0, 2, wide[wide.length - 1]);
        return Nd4j.zeros(DataType.FLOAT, wide).get(indices);
    }

    private static INDArray both() {
        return Nd4j.stack(0, counting(0), counting(1));
    }

    /** What all ranks have in their half of that number. */
    private static INDArray halves(int number) {
        return Nd4j.vstack(
                counting(0).reshape('c', 2, 6).getRow(number),
                counting(1).reshape('c', 2, 6).getRow(number));
    }

    @Test
    void shouldRefuseToMoveBetweenTypes() {
        DistributedArrays arrays = DistributedArrays.of(
                new Communicator(new Ring(1, 7, 0, 1), MemoryLines.of(1, 1 << 16)[0], Kernels.probe(), PATIENT));
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> arrays.allToAll(counting(0), counting(0).castTo(DataType.DOUBLE)));
        assertTrue(error.toString().contains("type FLOAT and one of type DOUBLE"), error.toString());
    }

    /** A rank with 4 samples and one with 12 have, on average over samples, the gradients of all 16. */
    @Test
    void shouldSumTheGradientsOfSameDiff() throws Exception {
        INDArray samples = Nd4j.rand(DataType.DOUBLE, 16, 3);
        INDArray labels = Nd4j.rand(DataType.DOUBLE, 16, 1);
        Map<String, INDArray> joint = gradients(samples, labels);
        List<Map<String, INDArray>> results = onEachRank((arrays, rank) -> {
            var rows = rank == 0 ? NDArrayIndex.interval(0, 4) : NDArrayIndex.interval(4, 16);
            Map<String, INDArray> own = gradients(
                    samples.get(rows, NDArrayIndex.all()).dup(),
                    labels.get(rows, NDArrayIndex.all()).dup());
            arrays.allReduce(own, ReduceOp.SUM);
            arrays.allReduce(own, ReduceOp.AVERAGE); // all ranks have the same by now
            return own;
        });
        for (Map<String, INDArray> result : results) {
            assertEquals(joint.keySet(), result.keySet());
            joint.forEach((name, expected) -> assertTrue(expected.equalsWithEps(result.get(name), 1e-12), name));
        }
    }

    /** Of the sum of squares of a linear layer's errors. */
    private static Map<String, INDArray> gradients(INDArray samples, INDArray labels) {
        SameDiff graph = SameDiff.create();
        SDVariable input = graph.placeHolder("input", DataType.DOUBLE, -1, 3);
        SDVariable label = graph.placeHolder("label", DataType.DOUBLE, -1, 1);
        SDVariable weights = graph.var("weights", Nd4j.ones(DataType.DOUBLE, 3, 1));
        SDVariable bias = graph.var("bias", Nd4j.ones(DataType.DOUBLE, 1, 1));
        SDVariable error = input.mmul(weights).add(bias).sub(label);
        error.mul(error).sum().rename("loss");
        graph.setLossVariables("loss");
        return graph.calculateGradients(Map.of("input", samples, "label", labels), "weights", "bias");
    }
}
