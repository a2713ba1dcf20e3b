package io.kolo.dl4j;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.StepGate;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the ranks tell each other in a step: first how many samples each has and how well it did, then their gradients.
 * The ranks that have no samples left say so in the first part; once none has any, the epoch is over for all. A rank of
 * an elastic job that wants all to halt says so there, too.
 */
final class GradientExchange {
    private static final int SAMPLES = 0;
    private static final int LOSS = 1;
    private static final int HALT = 2;

    private final MemorySegment figures = Arena.ofAuto().allocate(ValueLayout.JAVA_DOUBLE, 3);
    private @Nullable Communicator ring;
    private StepGate gate = StepGate.OPEN;
    private long steps;
    private int samples;
    private double loss = Double.NaN;

    /** The ranks form this ring from now on. */
    void enter(Communicator ring) {
        this.ring = ring;
    }

    /** Returns the ring. */
    Communicator ring() {
        if (ring == null) {
            throw new IllegalStateException(
                    "there is no ring yet: in an elastic job, call fit with an ElasticSampler first");
        }
        return ring;
    }

    /** What exchanges pass from now on. */
    void pass(StepGate gate) {
        this.gate = gate;
    }

    /** Returns the number of exchanges so far that had samples. */
    long steps() {
        return steps;
    }

    /** Returns the samples of all ranks in the last exchange. */
    int samples() {
        return samples;
    }

    /** Returns the mean loss over the samples of all ranks in the last exchange that had any. */
    double loss() {
        return loss;
    }

    /**
     * Sums the gradients of all ranks, in place; DL4J's are sums over the batch, not yet divided by it.
     *
     * @param replica holds this rank's gradient
     * @param batchSize this rank's samples, 0 if it has none
     * @return the samples of all ranks; at 0 there is no gradient
     */
    int sum(Replica replica, int batchSize) {
        Communicator communicator = ring();
        gate.enter();
        figures.setAtIndex(ValueLayout.JAVA_DOUBLE, HALT, gate.halting() ? 1 : 0);
        figures.setAtIndex(ValueLayout.JAVA_DOUBLE, SAMPLES, batchSize);
        figures.setAtIndex(
                ValueLayout.JAVA_DOUBLE,
                LOSS,
                batchSize == 0 ? 0 : batchSize * replica.model().score());
        communicator.allReduce(figures, DataType.F64, ReduceOp.SUM);
        samples = (int) figures.getAtIndex(ValueLayout.JAVA_DOUBLE, SAMPLES);
        if (samples > 0) {
            loss = figures.getAtIndex(ValueLayout.JAVA_DOUBLE, LOSS) / samples;
            // A batch norm's running mean is such an update: the ranks' sum has to be a mean, weighed by samples.
            double weight = batchSize / (double) samples;
            replica.updates().forEach(update -> update.muli(weight));
            INDArray gradient = replica.flatGradient();
            communicator.allReduce(NativeArrays.segment(gradient), NativeArrays.type(gradient), ReduceOp.SUM);
            gate.complete(figures.getAtIndex(ValueLayout.JAVA_DOUBLE, HALT) > 0);
            steps++;
        }
        return samples;
    }
}
