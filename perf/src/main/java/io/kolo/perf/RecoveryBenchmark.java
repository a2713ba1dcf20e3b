package io.kolo.perf;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.StepGate;
import io.kolo.executor.Trainee;
import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.io.Serializable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What an elastic job loses when a worker dies, comes or leaves: a training of steps of equal length, of which each is
 * noted when it counts. Times are those of {@link System#nanoTime}, which all processes of a Linux machine share.
 */
public final class RecoveryBenchmark implements Trainee {
    /**
     * A training.
     *
     * @param steps how many
     * @param stepNs what a step takes a rank, before it is exchanged
     * @param modelBytes parameters, and as much gradient
     */
    public record Options(long steps, long stepNs, long modelBytes) implements Serializable {}

    /**
     * A step that counts.
     *
     * @param endNs when it was over on this rank
     * @param generation which did it
     * @param ranks how many they were
     */
    public record Step(long endNs, int generation, int ranks) implements Serializable {}

    /**
     * A change of the ring, as the steps show it.
     *
     * @param lost whether there was one rank less then
     * @param beforeNs when the last step before it was over
     * @param afterNs when the first step after it was over
     */
    public record Change(int generation, boolean lost, long beforeNs, long afterNs) {}

    private final Options options;
    private final MemorySegment parameters;
    private final MemorySegment halt = Arena.ofAuto().allocate(ValueLayout.JAVA_INT);
    private final List<Step> steps = new ArrayList<>();
    private @Nullable Communicator ring;
    private MemorySegment gradient = MemorySegment.NULL;

    private RecoveryBenchmark(Options options) {
        this.options = options;
        this.parameters = Arena.ofAuto().allocate(options.modelBytes, 64);
    }

    /** Trains; returns the steps that this rank has done. */
    public static List<Step> run(Worker worker, Options options) {
        RecoveryBenchmark benchmark = new RecoveryBenchmark(options);
        worker.train(benchmark);
        return benchmark.steps;
    }

    /** Returns where the ring has changed in a rank's steps. */
    public static List<Change> changes(List<Step> steps) {
        List<Change> changes = new ArrayList<>();
        for (int i = 1; i < steps.size(); i++) {
            Step before = steps.get(i - 1);
            Step after = steps.get(i);
            if (after.generation != before.generation) {
                changes.add(new Change(after.generation, after.ranks < before.ranks, before.endNs, after.endNs));
            }
        }
        return changes;
    }

    @Override
    public long steps() {
        return options.steps;
    }

    @Override
    public List<Part> state() {
        return List.of(new Part(parameters, DataType.F32));
    }

    @Override
    public void enter(Communicator next) {
        ring = next;
        gradient = next.allocate(options.modelBytes);
    }

    @Override
    public void resume(long step) {}

    @Override
    public void step(long step, StepGate gate) {
        Communicator here = ring;
        if (here == null) {
            throw new IllegalStateException("there is no ring");
        }
        long deadlineNs = System.nanoTime() + options.stepNs;
        while (System.nanoTime() < deadlineNs) {
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(100));
        }
        halt.set(ValueLayout.JAVA_INT, 0, gate.enter() ? 1 : 0);
        here.allReduce(halt, DataType.I32, ReduceOp.MAX);
        here.allReduce(gradient, DataType.F32, ReduceOp.SUM);
        gate.complete(halt.get(ValueLayout.JAVA_INT, 0) > 0);
        steps.add(new Step(System.nanoTime(), here.generation(), here.size()));
    }
}
