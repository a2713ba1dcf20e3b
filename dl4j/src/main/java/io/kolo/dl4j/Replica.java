package io.kolo.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.optimize.solvers.BaseOptimizer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * This rank's copy of the network: what {@link DistributedNetwork} needs of one, be it a list of layers or a graph.
 * DL4J has no common type for the two.
 */
abstract class Replica {
    final GradientExchange exchange;
    private @Nullable Gradient views;
    private @Nullable List<INDArray> updates;

    Replica(GradientExchange exchange) {
        this.exchange = exchange;
    }

    abstract Model model();

    /** All gradients, in the order of the parameters. */
    abstract INDArray flatGradient();

    /** The updater's state, or null if it has none. */
    abstract @Nullable INDArray updaterState();

    /** The layers by the name under which the updater knows them, in the order of the parameters. */
    abstract Map<String, Trainable> layers();

    /** Puts the exchange before the updater, whose state it keeps. DL4J forgets it when a learning rate is set. */
    abstract void install();

    abstract void fit(DataSet batch);

    /** Updates the network from the flat gradient, which the other ranks alone have filled. */
    abstract void update(Gradient gradient);

    abstract INDArray output(DataSet batch);

    abstract int iteration();

    abstract int epoch();

    abstract void resume(int iteration, int epoch);

    static void check(OptimizationAlgorithm algorithm) {
        if (algorithm != OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT) {
            throw new IllegalArgumentException("networks that are optimized by " + algorithm
                    + " can't be distributed: use STOCHASTIC_GRADIENT_DESCENT");
        }
    }

    /** Takes part in a step to which this rank has nothing to add: its gradient is zero, of a batch of size 0. */
    final void fitNothing() {
        flatGradient().assign(0);
        update(gradientViews());
        if (exchange.samples() == 0) {
            return; // nobody had anything: it was no step
        }
        // From here on what DL4J does itself after an update, in StochasticGradientDescent.optimize.
        INDArray params = model().params();
        params.subi(flatGradient().reshape(params.shape()));
        BaseOptimizer.incrementIterationCount(model(), 1);
        BaseOptimizer.applyConstraints(model());
    }

    /** The flat gradient by layer and parameter, as a backward pass would hand it to the updater. */
    private Gradient gradientViews() {
        if (views == null) {
            Gradient gradient = new DefaultGradient(flatGradient());
            forEachParameter((name, layer, param, value, part) -> {
                gradient.setGradientFor(name + "_" + param, part.reshape(value.ordering(), value.shape()));
            });
            views = gradient;
        }
        return views;
    }

    /** The parts of the flat gradient that are updates already, and so are not divided by the batch. */
    final List<INDArray> updates() {
        if (updates == null) {
            List<INDArray> found = new ArrayList<>();
            forEachParameter((name, layer, param, value, part) -> {
                if (!layer.updaterDivideByMinibatch(param)) {
                    found.add(part);
                }
            });
            updates = found;
        }
        return updates;
    }

    private interface ParameterVisitor {
        void visit(String layerName, Trainable layer, String param, INDArray value, INDArray part);
    }

    /** Shows the flat gradient's part of each parameter, as a view. */
    private void forEachParameter(ParameterVisitor visitor) {
        INDArray flat = flatGradient();
        INDArray row = flat.reshape(flat.length());
        long[] offset = {0};
        layers().forEach((name, layer) -> layer.paramTable(false).forEach((param, value) -> {
            long end = offset[0] + value.length();
            visitor.visit(name, layer, param, value, row.get(NDArrayIndex.interval(offset[0], end)));
            offset[0] = end;
        }));
    }
}
