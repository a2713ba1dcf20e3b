package io.kolo.samples;

import io.kolo.dl4j.DistributedNetwork;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The first lesson: a multilayer perceptron learns 1,797 handwritten digits of 8 × 8 pixels on several workers.
 *
 * <p>{@link #main} is a whole program: build an executor, start it, run a function on each worker. {@link #train} is
 * what the workers do: wrap a network, fit it on this rank's share of each batch.
 */
public final class Digits {
    private static final int PIXELS = 64;
    private static final int HIDDEN = 64;
    private static final int DIGITS = 10;

    private Digits() {}

    /** Trains on two workers of this machine and prints the accuracy. */
    public static void main(String[] args) {
        SampleOptions options = new SampleOptions(20, 64, 1);
        try (RayExecutor executor = RayExecutor.builder().workers(2).build()) {
            executor.start();
            List<Trained> trained = executor.run(worker -> train(worker, options));
            System.out.printf("accuracy %.3f%n", trained.getFirst().accuracy());
        }
    }

    /** Trains on one worker. */
    public static Trained train(Worker worker, SampleOptions options) {
        MultiLayerNetwork network = network(options.seed());
        DistributedNetwork distributed = DistributedNetwork.of(network, worker);
        return Trained.of(network, Training.train(distributed, Images.load("digits.csv.gz", 16), worker, options));
    }

    private static MultiLayerNetwork network(long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(new Adam(3e-3))
                .list()
                .layer(new DenseLayer.Builder()
                        .nIn(PIXELS)
                        .nOut(HIDDEN)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(HIDDEN)
                        .nOut(DIGITS)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }
}
