package io.kolo.systemtests;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Smooth networks for 8 x 8 images: a rectifier or a maximum that flips for a rounding would say nothing of ranks. */
enum Networks {
    MLP_ADAM {
        @Override
        Model create(long seed) {
            MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                    .seed(seed)
                    .updater(adam())
                    .activation(Activation.TANH)
                    .l2(1e-4)
                    .gradientNormalization(GradientNormalization.ClipL2PerLayer)
                    .gradientNormalizationThreshold(1)
                    .list()
                    .layer(new DenseLayer.Builder().nIn(PIXELS).nOut(32).build())
                    .layer(output(32))
                    .build();
            return initialized(new MultiLayerNetwork(configuration));
        }
    },
    CNN_NESTEROV {
        @Override
        Model create(long seed) {
            MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                    .seed(seed)
                    .updater(new Nesterovs(0.01, 0.9))
                    .activation(Activation.TANH)
                    .list()
                    .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).build())
                    .layer(new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.AVG)
                            .kernelSize(2, 2)
                            .stride(2, 2)
                            .build())
                    .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                            .nOut(CLASSES)
                            .activation(Activation.SOFTMAX)
                            .build())
                    .setInputType(InputType.convolutionalFlat(8, 8, 1))
                    .build();
            return initialized(new MultiLayerNetwork(configuration));
        }
    },
    /** Its parameters lie in another order than its table has, which only the clipping of each could tell. */
    DEPTHWISE_SGD {
        @Override
        Model create(long seed) {
            MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                    .seed(seed)
                    .updater(new Sgd(0.1))
                    .activation(Activation.TANH)
                    .gradientNormalization(GradientNormalization.ClipL2PerParamType)
                    .gradientNormalizationThreshold(0.05)
                    .list()
                    .layer(new DepthwiseConvolution2D.Builder(3, 3)
                            .depthMultiplier(4)
                            .build())
                    .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                            .nOut(CLASSES)
                            .activation(Activation.SOFTMAX)
                            .build())
                    .setInputType(InputType.convolutionalFlat(8, 8, 1))
                    .build();
            return initialized(new MultiLayerNetwork(configuration));
        }
    },
    GRAPH_ADAM {
        @Override
        Model create(long seed) {
            ComputationGraphConfiguration configuration = new NeuralNetConfiguration.Builder()
                    .seed(seed)
                    .updater(adam())
                    .activation(Activation.TANH)
                    .graphBuilder()
                    .addInputs("image")
                    .addLayer(
                            "wide",
                            new DenseLayer.Builder().nIn(PIXELS).nOut(24).build(),
                            "image")
                    .addLayer(
                            "narrow",
                            new DenseLayer.Builder().nIn(PIXELS).nOut(8).build(),
                            "image")
                    .addVertex("both", new MergeVertex(), "wide", "narrow")
                    .addLayer("digit", output(32), "both")
                    .setOutputs("digit")
                    .build();
            ComputationGraph graph = new ComputationGraph(configuration);
            graph.init();
            return graph;
        }
    };

    static final int PIXELS = 64;
    static final int CLASSES = 10;

    abstract Model create(long seed);

    /** Adam divides a gradient by its own size: with the usual 1e-8, one that is all rounding makes a whole step. */
    private static Adam adam() {
        return Adam.builder().learningRate(1e-3).epsilon(1e-5).build();
    }

    private static MultiLayerNetwork initialized(MultiLayerNetwork network) {
        network.init();
        return network;
    }

    private static OutputLayer output(int inputs) {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(inputs)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }
}
