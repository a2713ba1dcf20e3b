package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kolo.checkpoint.Ledger;
import io.kolo.dl4j.DistributedNetwork;
import io.kolo.dl4j.ElasticSampler;
import io.kolo.dl4j.LearningRateScale;
import io.kolo.dl4j.SampleSource;
import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.Worker;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What the elastic tests train: a network with dropout and batch norm, on samples that are made from their numbers. */
final class ElasticTraining {
    static final int SAMPLES = 330;
    static final int EPOCHS = 30;
    static final long SEED = 7;

    /** With the three workers that there are at most; fewer take more. */
    private static final int STEPS = EPOCHS * SAMPLES / (3 * Batch.OF_EACH_WORKER.length);

    private static final int SLOW_STEPS = 80;

    private ElasticTraining() {}

    static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .updater(new Adam(1e-3))
                .activation(Activation.TANH)
                .l2(1e-4)
                .list()
                .layer(new DenseLayer.Builder().nIn(8).nOut(24).build())
                .layer(new BatchNormalization.Builder().nIn(24).nOut(24).build())
                .layer(new DenseLayer.Builder().nIn(24).nOut(24).dropOut(0.8).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(24)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }

    /** Samples are made from their numbers, and augmented by some noise. */
    static DataSet batch(int[] indices) {
        INDArray features = Nd4j.create(DataType.FLOAT, indices.length, 8);
        INDArray labels = Nd4j.create(DataType.FLOAT, indices.length, 3);
        for (int i = 0; i < indices.length; i++) {
            SplittableRandom random = new SplittableRandom(indices[i]);
            double sum = 0;
            for (int j = 0; j < 8; j++) {
                double value = random.nextDouble(-1, 1);
                features.putScalar(i, j, value);
                sum += value;
            }
            labels.putScalar(i, sum < -0.5 ? 0 : sum < 0.5 ? 1 : 2, 1);
        }
        return new DataSet(features.addi(Nd4j.randn(features.shape()).muli(0.01)), labels);
    }

    /** Hears of each batch before it is made. */
    interface Hook extends Serializable {
        void beforeBatch(Worker worker, int batch);
    }

    /** Whose a batch of the training is. */
    enum Batch {
        OF_ALL(32),
        /** The learning rate follows the number of workers. */
        OF_EACH_WORKER(11);

        private final int length;

        Batch(int length) {
            this.length = length;
        }

        private ElasticSampler sampler(SampleSource source) {
            return this == OF_ALL
                    ? new ElasticSampler(SAMPLES, length, SEED, source)
                    : ElasticSampler.perWorker(SAMPLES, length, SEED, source);
        }
    }

    /**
     * Starts a job that trains; each step takes a while until the file {@code flag} is there.
     *
     * @return what {@link #train} returns on each worker
     */
    static CompletableFuture<List<NavigableMap<Long, Integer>>> start(
            ElasticRayExecutor executor, Batch whose, Path flag, Hook hook) {
        executor.start();
        String name = flag.toString();
        return CompletableFuture.supplyAsync(() -> executor.run(worker -> train(worker, whose, name, hook)));
    }

    /** Returns the digest of a worker's parameters after each step that it has applied. */
    static NavigableMap<Long, Integer> train(Worker worker, Batch whose, String flag, Hook hook) {
        MultiLayerNetwork network = network();
        int[] batches = {0};
        long[] done = {0};
        ElasticSampler sampler = whose.sampler(indices -> {
            hook.beforeBatch(worker, batches[0]++);
            // The last steps take their time, so that even a slow machine is not through before what a test has in
            // store.
            work(Duration.ofMillis(done[0] < STEPS - SLOW_STEPS ? 100 : 1000), Path.of(flag));
            return batch(indices);
        });
        double pid = ProcessHandle.current().pid();
        long mostSteps = (long) EPOCHS * sampler.stepsPerEpoch(1);
        NavigableMap<Long, Integer> digests = new TreeMap<>();
        LearningRateScale scale = whose == Batch.OF_ALL ? LearningRateScale.NONE : LearningRateScale.LINEAR;
        DistributedNetwork.of(network, worker).scaleLearningRate(scale).fit(sampler, EPOCHS, step -> {
            digests.put(step.number(), LedgerOracle.digest(network));
            done[0] = step.number();
            worker.report(step.number(), mostSteps + 1, Map.of("pid", pid));
        });
        return digests;
    }

    /** A step's work: takes a while until the file {@code flag} is there. */
    private static void work(Duration time, Path flag) {
        long endNs = System.nanoTime() + time.toNanos();
        while (System.nanoTime() - endNs < 0 && !Files.exists(flag)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    /**
     * Checks what workers have come to against plain DL4J that follows the ledger.
     *
     * @param logs where the job has left its journal
     * @param results of {@link #train}
     * @return the sizes of the rings that have trained, by the first step of each
     */
    static NavigableMap<Long, Integer> assertEqualToTheOracle(
            Path logs, Batch whose, List<NavigableMap<Long, Integer>> results) throws IOException {
        NavigableMap<Long, Integer> sizes = ledger(logs).sizes();
        System.out.println("ledger " + sizes);
        NavigableMap<Long, Integer> digests = oracle(whose, sizes, EPOCHS);
        for (NavigableMap<Long, Integer> result : results) {
            result.forEach((step, digest) ->
                    assertEquals(digests.get(step), digest, () -> "what the ledger says, after step " + step));
            assertEquals(digests.lastKey(), result.lastKey(), "the last step");
        }
        return sizes;
    }

    /** The file that a job has left of its first run. */
    private static Ledger ledger(Path logs) throws IOException {
        try (Stream<Path> files = Files.walk(logs)) {
            return Ledger.read(
                    files.filter(file -> file.endsWith("journal-1")).findFirst().orElseThrow());
        }
    }

    /** In this JVM, which has as many threads as a worker's: other numbers of them give other bits. */
    static NavigableMap<Long, Integer> oracle(Batch whose, NavigableMap<Long, Integer> sizes, int epochs) {
        boolean perWorker = whose == Batch.OF_EACH_WORKER;
        return new LedgerOracle(SAMPLES, whose.length, perWorker, SEED, ElasticTraining::batch)
                .train(network(), epochs, sizes);
    }
}
