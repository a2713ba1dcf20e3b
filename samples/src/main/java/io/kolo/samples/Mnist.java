package io.kolo.samples;

import io.kolo.dl4j.DistributedNetwork;
import io.kolo.executor.Worker;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The second lesson: a convolutional network learns 5,000 MNIST digits of 28 × 28 pixels. Nothing about the
 * distribution changes: see {@link Digits}.
 */
public final class Mnist {
    private static final int SIDE = 28;
    private static final int DIGITS = 10;

    private Mnist() {}

    /** Trains on one worker. */
    public static Trained train(Worker worker, SampleOptions options) {
        MultiLayerNetwork network = network(options.seed());
        DistributedNetwork distributed = DistributedNetwork.of(network, worker);
        return Trained.of(network, Training.train(distributed, Images.load("mnist_5k.csv.gz", 255), worker, options));
    }

    private static MultiLayerNetwork network(long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .updater(new Adam(1e-3))
                .activation(Activation.RELU)
                .list()
                .layer(new ConvolutionLayer.Builder(5, 5).nOut(8).build())
                .layer(new SubsamplingLayer.Builder()
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build())
                .layer(new ConvolutionLayer.Builder(5, 5).nOut(16).build())
                .layer(new SubsamplingLayer.Builder()
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build())
                .layer(new DenseLayer.Builder().nOut(64).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(DIGITS)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutionalFlat(SIDE, SIDE, 1))
                .build());
        network.init();
        return network;
    }
}
