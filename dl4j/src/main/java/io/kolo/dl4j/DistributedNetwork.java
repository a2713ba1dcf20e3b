package io.kolo.dl4j;

import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * A network that all ranks train together: each on its own samples, all with the same parameters at every step.
 *
 * <p>A step equals one of a single network on the batches of all ranks joined: gradients are summed over the ranks and
 * divided by the number of samples of all of them. A rank without samples takes part with nothing; so shards of unequal
 * length are exact, and an epoch ends on all ranks when the last sample of the longest shard has been seen.
 *
 * <p>Random layers, such as dropout, draw from ND4J's generator on each rank; where an {@link ElasticSampler} deals the
 * samples, it seeds it for each step. Every rank calls the same methods in the same order.
 */
public final class DistributedNetwork {
    private static final int ROOT = 0;
    private static final StepListener SILENT = step -> {};

    private final Worker worker;
    private final GradientExchange exchange;
    private final Replica replica;
    private final boolean elastic;

    private DistributedNetwork(Worker worker, Replica replica) {
        this.worker = worker;
        this.exchange = replica.exchange;
        this.replica = replica;
        this.elastic = worker.generation() == 0;
        if (!elastic) {
            replica.enter(worker.communicator());
            copyFromRoot();
        }
    }

    /**
     * Joins a network with those of the other ranks. Rank 0's parameters, updater state, iteration and epoch become
     * everyone's: here, or in an elastic job where training begins.
     *
     * @param network initialized, of the same configuration on every rank; it is trained in place
     * @param worker this rank
     * @throws IllegalArgumentException if the network is of a kind that can't be distributed
     */
    public static DistributedNetwork of(MultiLayerNetwork network, Worker worker) {
        return new DistributedNetwork(worker, new MultiLayerReplica(network, new GradientExchange()));
    }

    /**
     * Joins a graph with those of the other ranks. Rank 0's parameters, updater state, iteration and epoch become
     * everyone's.
     *
     * @param network initialized, of the same configuration on every rank; it is trained in place
     * @param worker this rank
     * @throws IllegalArgumentException if the network is of a kind that can't be distributed
     */
    public static DistributedNetwork of(ComputationGraph network, Worker worker) {
        return new DistributedNetwork(worker, new GraphReplica(network, new GradientExchange()));
    }

    /**
     * Has the learning rate follow the number of ranks; by default it does not.
     *
     * @param scale the same on every rank
     */
    public DistributedNetwork scaleLearningRate(LearningRateScale scale) {
        replica.scale(scale);
        return this;
    }

    private void copyFromRoot() {
        long[] counters = {replica.iteration(), replica.epoch()};
        exchange.ring().broadcast(MemorySegment.ofArray(counters), DataType.I64, ROOT);
        replica.resume((int) counters[0], (int) counters[1]);
        broadcast(replica.model().params());
        INDArray state = replica.updaterState();
        if (state != null) {
            broadcast(state);
        }
    }

    private void broadcast(INDArray array) {
        exchange.ring().broadcast(NativeArrays.segment(array), NativeArrays.type(array), ROOT);
    }

    /**
     * Trains on this rank's shard.
     *
     * @param shard this rank's batches; may be empty, and of another length than those of other ranks
     * @param epochs how often to go through it, the same number on every rank
     * @throws IllegalStateException in an elastic job
     */
    public FitResult fit(DataSetIterator shard, int epochs) {
        return fit(shard, epochs, SILENT);
    }

    /**
     * Trains on this rank's shard.
     *
     * @param shard this rank's batches; may be empty, and of another length than those of other ranks
     * @param epochs how often to go through it, the same number on every rank
     * @param listener hears of each step
     * @throws IllegalStateException in an elastic job
     */
    public FitResult fit(DataSetIterator shard, int epochs, StepListener listener) {
        if (elastic) {
            throw new IllegalStateException("the batches of an iterator can't be dealt again when workers come and go:"
                    + " in an elastic job, give fit an ElasticSampler");
        }
        long firstStep = exchange.steps();
        long samples = 0;
        for (int i = 0; i < epochs; i++) {
            if (shard.resetSupported()) {
                shard.reset();
            }
            while (step(shard)) {
                samples += exchange.samples();
                listener.onStep(new StepListener.Step(
                        exchange.steps() - firstStep, replica.epoch(), exchange.samples(), exchange.loss()));
            }
            replica.resume(replica.iteration(), replica.epoch() + 1);
        }
        return new FitResult(exchange.steps() - firstStep, samples, exchange.loss());
    }

    /**
     * Trains on the samples that a sampler deals to the ranks. In an elastic job this goes on when workers come and go,
     * once in a run: a worker that joins gets parameters and updater state from one that is there, and goes straight to
     * its step. Steps are numbered from the start of this fit; the network's iteration and epoch are those of the step.
     *
     * @param sampler the same on every rank
     * @param epochs how often each sample is seen
     * @param listener hears of each step that counts; on a worker that joined, from its first on
     */
    public FitResult fit(ElasticSampler sampler, int epochs, StepListener listener) {
        long firstStep = exchange.steps();
        long[] samples = {0};
        worker.train(new SampledFit(replica, sampler, epochs, step -> {
            samples[0] += step.samples();
            listener.onStep(step);
        }));
        return new FitResult(exchange.steps() - firstStep, samples[0], exchange.loss());
    }

    /** Takes part in the next step of all ranks; returns false if no rank has samples left. */
    private boolean step(DataSetIterator shard) {
        boolean has = shard.hasNext();
        replica.step(has ? shard.next() : null);
        return has || exchange.samples() > 0;
    }

    /**
     * Returns the share of samples, over the shards of all ranks, whose most probable class is the right one.
     *
     * @param shard this rank's batches, with labels; may be empty
     */
    public double accuracy(DataSetIterator shard) {
        if (shard.resetSupported()) {
            shard.reset();
        }
        long[] rightAndAll = new long[2];
        while (shard.hasNext()) {
            DataSet batch = shard.next();
            Evaluation evaluation = new Evaluation();
            evaluation.eval(batch.getLabels(), replica.output(batch), batch.getLabelsMaskArray());
            rightAndAll[0] += evaluation.truePositives().values().stream()
                    .mapToInt(Integer::intValue)
                    .sum();
            rightAndAll[1] += evaluation.getNumRowCounter();
        }
        exchange.ring().allReduce(MemorySegment.ofArray(rightAndAll), DataType.I64, ReduceOp.SUM);
        return rightAndAll[0] / (double) rightAndAll[1];
    }
}
