package io.kolo.dl4j;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.StepGate;
import io.kolo.executor.Trainee;
import io.kolo.kernels.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

    /** How many samples the steps so far have had: it depends on how many ranks did each of them. */
    private final MemorySegment dealt = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

    private @Nullable Communicator ring;

    SampledFit(Replica replica, ElasticSampler sampler, int epochs, StepListener listener) {
        this.replica = replica;
        this.sampler = sampler;
        this.epochs = epochs;
        this.listener = listener;
    }

    @Override
    public boolean isOver() {
        return sampler.isOver(dealt(), epochs);
    }

    private long dealt() {
        return dealt.get(ValueLayout.JAVA_LONG, 0);
    }

    @Override
    public List<Part> state() {
        List<Part> parts = new ArrayList<>(List.of(new Part(dealt, DataType.I64)));
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
        replica.rehearse(sampler.source().batch(sampler.indices(0, 0, 1)));
    }

    @Override
    public long ringMemory() {
        return replica.sharedBytes();
    }

    @Override
    public void enter(Communicator ring) {
        this.ring = ring;
        replica.enter(ring);
    }

    @Override
    public void resume(long step) {
        replica.resume((int) step, sampler.epoch(dealt()));
    }

    @Override
    public void step(long step, StepGate gate) {
        Communicator here = ring;
        if (here == null) {
            throw new IllegalStateException("there is no ring");
        }
        long before = dealt();
        int[] indices = sampler.indices(before, here.rank(), here.size());
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
        dealt.set(ValueLayout.JAVA_LONG, 0, before + sampler.length(before, here.size()));
        resume(step);
        listener.onStep(new StepListener.Step(
                step, sampler.epoch(before), replica.exchange.samples(), replica.exchange.loss()));
    }
}
