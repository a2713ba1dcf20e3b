package io.kolo.dl4j;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.stepfunctions.DefaultStepFunction;
import org.junit.jupiter.api.Test;

class ReplicaTest {
    private static NeuralNetConfiguration.Builder network() {
        return new NeuralNetConfiguration.Builder();
    }

    private static void check(NeuralNetConfiguration.Builder network, BackpropType backprop) {
        DenseLayer layer = new DenseLayer.Builder().nIn(1).nOut(1).build();
        Replica.check(network.layer(layer).build(), backprop);
    }

    private static void assertRefused(String why, NeuralNetConfiguration.Builder network, BackpropType backprop) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> check(network, backprop));
        assertTrue(error.toString().contains(why), error.toString());
    }

    @Test
    void shouldTakeAnOrdinaryNetwork() {
        assertDoesNotThrow(() -> check(network(), BackpropType.Standard));
    }

    @Test
    @SuppressWarnings("deprecation") // the step function: people have networks that use it
    void shouldRefuseWhatARankWithoutSamplesCouldNotFollow() {
        assertRefused(
                "optimized by LBFGS can't be distributed",
                network().optimizationAlgo(OptimizationAlgorithm.LBFGS),
                BackpropType.Standard);
        assertRefused("minimize(false)", network().minimize(false), BackpropType.Standard);
        assertRefused("own step function", network().stepFunction(new DefaultStepFunction()), BackpropType.Standard);
        assertRefused("truncated BPTT", network(), BackpropType.TruncatedBPTT);
    }
}
