package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.dl4j.DistributedNetwork;
import io.kolo.dl4j.FitResult;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Ranks in separate JVMs against one plain DL4J network that is given their batches as one. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ParitySystemTest {
    private static final int STEPS = 20;
    private static final int UNIT = 6;
    private static final double TOLERANCE = 1e-6;

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void shouldEqualOneNetworkOnTheJointBatchAndEachOtherBitForBit(int size, SplittableRandom random) {
        long seed = random.nextLong();
        int[] equal = new int[size];
        Arrays.fill(equal, 2 * UNIT);
        int[] uneven = Arrays.copyOf(new int[] {3 * UNIT, 2 * UNIT, 0, UNIT}, size);
        try (RayExecutor executor = RayExecutor.builder().workers(size).build()) {
            executor.start();
            for (Networks network : Networks.values()) {
                for (int[] shards : new int[][] {equal, uneven}) {
                    String what = network + " on shards of " + Arrays.toString(shards);
                    float[] expected = trainOne(network, shards, seed);
                    List<float[]> actual = executor.run(worker -> trainTogether(worker, network, shards, seed));
                    for (int rank = 1; rank < size; rank++) {
                        assertArrayEquals(actual.getFirst(), actual.get(rank), what + ": rank " + rank + " and rank 0");
                    }
                    double difference = largestDifference(expected, actual.getFirst());
                    System.out.println(what + ": largest difference " + difference);
                    assertTrue(difference <= TOLERANCE, what + ": " + difference);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3})
    void shouldEndEpochsOfUnequalLengthTogether(int size, SplittableRandom random) {
        long seed = random.nextLong();
        try (RayExecutor executor = RayExecutor.builder().workers(size).build()) {
            executor.start();
            // Rank 0 has 3 batches, rank 1 two and rank 2 none.
            List<long[]> stepsAndSamples = executor.run(worker -> {
                List<DataSet> batches = new ArrayList<>();
                for (int i = 0; i < 3 - worker.rank() && worker.rank() < 2; i++) {
                    batches.add(batch(UNIT, new SplittableRandom(seed + i)));
                }
                DistributedNetwork network = distributed(Networks.MLP_ADAM.create(seed), worker);
                FitResult result = network.fit(new ListDataSetIterator<>(batches, 1), 2);
                return new long[] {result.steps(), result.samples()};
            });
            for (long[] figures : stepsAndSamples) {
                assertArrayEquals(new long[] {2 * 3, 2 * 5 * UNIT}, figures);
            }
        }
    }

    static float[] trainTogether(Worker worker, Networks network, int[] shards, long seed) {
        // Another start on each rank: what they share has to come from rank 0.
        Model model = network.create(seed + worker.rank());
        List<DataSet> batches = new ArrayList<>();
        for (List<DataSet> step : steps(shards, seed)) {
            DataSet own = step.get(worker.rank());
            if (own.numExamples() > 0) {
                batches.add(own);
            }
        }
        FitResult result = distributed(model, worker).fit(new ListDataSetIterator<>(batches, 1), 1);
        assertEquals(STEPS, result.steps());
        return model.params().toFloatVector();
    }

    private static DistributedNetwork distributed(Model model, Worker worker) {
        return model instanceof ComputationGraph graph
                ? DistributedNetwork.of(graph, worker)
                : DistributedNetwork.of((MultiLayerNetwork) model, worker);
    }

    private static float[] trainOne(Networks network, int[] shards, long seed) {
        Model model = network.create(seed);
        for (List<DataSet> step : steps(shards, seed)) {
            DataSet joint = DataSet.merge(
                    step.stream().filter(shard -> shard.numExamples() > 0).toList());
            if (model instanceof ComputationGraph graph) {
                graph.fit(joint);
            } else {
                ((MultiLayerNetwork) model).fit(joint);
            }
        }
        return model.params().toFloatVector();
    }

    /** For each step the batches by rank. */
    private static List<List<DataSet>> steps(int[] shards, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<List<DataSet>> steps = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            steps.add(Arrays.stream(shards)
                    .mapToObj(samples -> batch(samples, random))
                    .toList());
        }
        return steps;
    }

    private static DataSet batch(int samples, SplittableRandom random) {
        if (samples == 0) {
            return new DataSet();
        }
        INDArray features = Nd4j.create(DataType.FLOAT, samples, Networks.PIXELS);
        INDArray labels = Nd4j.create(DataType.FLOAT, samples, Networks.CLASSES);
        for (int i = 0; i < samples; i++) {
            for (int pixel = 0; pixel < Networks.PIXELS; pixel++) {
                features.putScalar(i, pixel, random.nextDouble());
            }
            labels.putScalar(i, random.nextInt(Networks.CLASSES), 1);
        }
        return new DataSet(features, labels);
    }

    private static double largestDifference(float[] expected, float[] actual) {
        assertEquals(expected.length, actual.length);
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs((double) expected[i] - actual[i]));
        }
        return largest;
    }
}
