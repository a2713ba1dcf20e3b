package io.kolo.dl4j;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.StepGate;
import io.kolo.executor.Trainee;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A network's training on what an {@link ElasticSampler} deals, step by step. */
final class SampledFit implements Trainee {
    private final Replica replica;
    private final ElasticSampler sampler;
    private final int epochs;
    private final StepListener listener;
    private @Nullable Communicator ring;

    SampledFit(Replica replica, ElasticSampler sampler, int epochs, StepListener listener) {
        this.replica = replica;
        this.sampler = sampler;
        this.epochs = epochs;
        this.listener = listener;
    }

    @Override
    public long steps() {
        return (long) epochs * sampler.stepsPerEpoch();
    }

    @Override
    public List<Part> state() {
        List<Part> parts = new ArrayList<>();
        add(replica.model().params(), parts);
        INDArray updater = replica.updaterState();
        if (updater != null) {
            add(updater, parts);
        }
        return parts;
    }

    private static void add(INDArray array, List<Part> parts) {
        parts.add(new Part(NativeArrays.segment(array), NativeArrays.type(array)));
    }

    @Override
    public void rehearse() {
        replica.rehearse(sampler.source().batch(sampler.indices(1, 0, 1)));
    }

    @Override
    public void enter(Communicator ring) {
        this.ring = ring;
        replica.enter(ring);
    }

    @Override
    public void resume(long step) {
        replica.resume((int) step, (int) (step / sampler.stepsPerEpoch()));
    }

    @Override
    public void step(long step, StepGate gate) {
        Communicator here = ring;
        if (here == null) {
            throw new IllegalStateException("there is no ring");
        }
        int[] indices = sampler.indices(step, here.rank(), here.size());
        Nd4j.getRandom().setSeed(sampler.seed(step, here.rank(), here.size()));
        resume(step - 1);
        boolean done = false;
        try {
            replica.exchange.pass(gate);
            replica.step(indices.length == 0 ? null : sampler.source().batch(indices));
            done = true;
        } finally {
            if (!done) {
                Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread(); // a step left in its middle
            }
            replica.exchange.pass(StepGate.OPEN);
        }
        resume(step);
        listener.onStep(
                new StepListener.Step(step, sampler.epoch(step), replica.exchange.samples(), replica.exchange.loss()));
    }
}
