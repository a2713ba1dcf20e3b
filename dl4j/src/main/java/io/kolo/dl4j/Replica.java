package io.kolo.dl4j;

import io.kolo.allreduce.Communicator;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
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

    /** Held for as long as the network's arrays lie in it. */
    @SuppressWarnings("UnusedVariable")
    private @Nullable MemorySegment gradientMemory;

    private @Nullable Divided divided;
    private LearningRateScale scale = LearningRateScale.NONE;

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

    /** Puts an exchange before a new updater, which keeps the state of the one before. */
    abstract void install();

    /** Returns whether there is an exchange before the updater. DL4J forgets it when a learning rate is set. */
    abstract boolean isInstalled();

    /** Fits a copy, of which nothing stays. */
    abstract void rehearse(DataSet batch);

    /** The ranks form this ring from now on. */
    final void enter(Communicator ring) {
        share(ring);
        install();
        exchange.enter(ring);
    }

    /**
     * Takes part in a step of all ranks.
     *
     * @param batch this rank's samples; null if it has none
     */
    final void step(@Nullable DataSet batch) {
        if (!isInstalled()) {
            install();
        }
        if (batch == null) {
            fitNothing();
            return;
        }
        long before = exchange.steps();
        fit(batch);
        if (exchange.steps() == before) {
            throw new IllegalStateException("DL4J updated the network without its exchange of gradients: the ranks have"
                    + " parted. Don't change the network's updater while it is in fit");
        }
    }

    abstract void fit(DataSet batch);

    /** Updates the network from the flat gradient, which the other ranks alone have filled. */
    abstract void update(Gradient gradient);

    abstract INDArray output(DataSet batch);

    abstract int iteration();

    abstract int epoch();

    abstract void resume(int iteration, int epoch);

    /**
     * Moves the gradient into memory that the other ranks can reach, so that it is reduced where the backward pass has
     * put it. An updater keeps views of the gradient, so another one is installed.
     */
    private void share(Communicator communicator) {
        INDArray own = flatGradient();
        boolean inMemoryOfARing = gradientMemory != null; // which ends with it
        long bytes = sharedBytes();
        if ((communicator.size() > 1 || inMemoryOfARing) && bytes > 0) {
            MemorySegment shared = communicator.allocate(bytes);
            gradientMemory = shared;
            move(NativeArrays.over(shared, own));
            views = null;
            divided = null;
        }
    }

    /** Returns how many bytes of a ring's memory the gradient takes; 0 if it cannot be there. */
    final long sharedBytes() {
        INDArray own = flatGradient();
        return isMovable() ? own.length() * NativeArrays.type(own).sizeBytes() : 0;
    }

    /** Returns whether all gradients are views that {@link #move} sets anew. */
    abstract boolean isMovable();

    /** Makes an array of the same shape the network's flat gradient. */
    abstract void move(INDArray gradient);

    /** DL4J has no way to say where a network's gradient lives. */
    static void setFlatGradient(Class<?> type, Model network, INDArray gradient) {
        try {
            Field field = type.getDeclaredField("flattenedGradients");
            field.setAccessible(true);
            field.set(network, gradient);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this DL4J is not the one that Kolo was made for", e);
        }
    }

    /** Refuses what a step of this class, or a rank without samples, would do otherwise than DL4J does. */
    static void check(NeuralNetConfiguration conf, BackpropType backprop) {
        if (conf.getOptimizationAlgo() != OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT) {
            throw new IllegalArgumentException("networks that are optimized by " + conf.getOptimizationAlgo()
                    + " can't be distributed: use STOCHASTIC_GRADIENT_DESCENT");
        }
        if (conf.getStepFunction() != null || !conf.isMinimize()) {
            throw new IllegalArgumentException(
                    "networks with an own step function or minimize(false) can't be distributed: give neither");
        }
        if (backprop == BackpropType.TruncatedBPTT) {
            throw new IllegalArgumentException("networks with truncated BPTT can't be distributed, since ranks would"
                    + " differ in their number of updates: cut the sequences yourself and use BackpropType.Standard");
        }
    }

    /** Takes part in a step to which this rank has nothing to add: its gradient is zero, of a batch of size 0. */
    private void fitNothing() {
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
            INDArray row = flatRow();
            long start = 0;
            for (Map.Entry<String, Trainable> each : layers().entrySet()) {
                Trainable layer = each.getValue();
                long length = layer.paramTable(false).values().stream()
                        .mapToLong(INDArray::length)
                        .sum();
                if (length > 0) {
                    views(layer, row.get(NDArrayIndex.interval(start, start + length)))
                            .forEach((param, view) -> gradient.setGradientFor(each.getKey() + "_" + param, view));
                }
                start += length;
            }
            views = gradient;
        }
        return views;
    }

    /** A layer knows how its parameters lie: those of a depthwise convolution, say, not in the order of its table. */
    private static Map<String, INDArray> views(Trainable layer, INDArray part) {
        if (layer instanceof Layer known) {
            return known.conf().getLayer().initializer().getGradientsFromFlattened(known.conf(), part);
        }
        Map<String, INDArray> ofVertex = new LinkedHashMap<>();
        long offset = 0;
        for (Map.Entry<String, INDArray> param : layer.paramTable(false).entrySet()) {
            INDArray value = param.getValue();
            INDArray own = part.get(NDArrayIndex.interval(offset, offset + value.length()));
            ofVertex.put(param.getKey(), own.reshape(value.ordering(), value.shape()));
            offset += value.length();
        }
        return ofVertex;
    }

    private INDArray flatRow() {
        INDArray flat = flatGradient();
        return flat.reshape(flat.length());
    }

    /** The parts of the flat gradient that are updates already, and so are not divided by the batch. */
    final List<INDArray> updates() {
        return divided().updates;
    }

    /** How the learning rate follows the number of ranks from now on. */
    final void scale(LearningRateScale next) {
        scale = next;
    }

    /** Scales what the updater has made of the gradients, but not what was an update before. */
    final void scaleUpdate() {
        int size = exchange.ring().size();
        double factor = scale.factor(size);
        if (!(factor > 0 && Double.isFinite(factor))) {
            throw new IllegalArgumentException("the learning rate was to be scaled by " + factor + " for " + size
                    + " ranks: give a finite number above 0");
        }
        if (factor != 1) {
            divided().gradients.forEach(gradient -> gradient.muli(factor));
        }
    }

    /** Parts of the flat gradient. */
    private record Divided(List<INDArray> gradients, List<INDArray> updates) {}

    /** Cuts as DL4J does where it divides by the batch (BaseMultiLayerUpdater.getMinibatchDivisionSubsets). */
    private Divided divided() {
        if (divided == null) {
            Divided found = new Divided(new ArrayList<>(), new ArrayList<>());
            INDArray row = flatRow();
            long offset = 0;
            for (Trainable layer : layers().values()) {
                for (Map.Entry<String, INDArray> param : layer.paramTable(false).entrySet()) {
                    long end = offset + param.getValue().length();
                    boolean isGradient = layer.updaterDivideByMinibatch(param.getKey());
                    (isGradient ? found.gradients : found.updates).add(row.get(NDArrayIndex.interval(offset, end)));
                    offset = end;
                }
            }
            divided = found;
        }
        return divided;
    }
}
