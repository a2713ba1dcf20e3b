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
import java.util.Map;
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
     * @param number from 1
     * @param endNs when it was over on this rank
     * @param ring in which it was done
     */
    public record Step(long number, long endNs, Formed ring) implements Serializable {}

    /**
     * A ring on its way.
     *
     * @param number of its generation
     * @param ranks how many they are
     * @param formedNs when this rank had met the others
     * @param placedNs when the gradient had its place in their memory
     * @param levelledNs when the state was the same on all of them
     */
    public record Formed(int number, int ranks, long formedNs, long placedNs, long levelledNs)
            implements Serializable {}

    /**
     * A change of the ring, as the steps show it.
     *
     * @param before the last step before it
     * @param after the first step after it
     * @param next the step after that, in the same ring: it shows what a step takes by itself
     */
    public record Change(Step before, Step after, Step next) {
        /** Returns when the first step after the change was over, less what a step takes by itself. */
        public long endNs() {
            return after.endNs - (next.endNs - after.endNs);
        }

        /** Returns whether there was a rank less then. */
        public boolean lost() {
            return after.ring.ranks < before.ring.ranks;
        }
    }

    private final Worker worker;
    private final Options options;
    private final MemorySegment parameters;
    private final MemorySegment halt = Arena.ofAuto().allocate(ValueLayout.JAVA_INT);
    private final List<Step> steps = new ArrayList<>();
    private @Nullable Communicator ring;
    private Formed formed = new Formed(0, 0, 0, 0, 0);
    private MemorySegment gradient = MemorySegment.NULL;
    private long done;

    private RecoveryBenchmark(Worker worker, Options options) {
        this.worker = worker;
        this.options = options;
        this.parameters = Arena.ofAuto().allocate(options.modelBytes, 64);
    }

    /** Trains; returns the steps that this rank has done. */
    public static List<Step> run(Worker worker, Options options) {
        RecoveryBenchmark benchmark = new RecoveryBenchmark(worker, options);
        worker.train(benchmark);
        return benchmark.steps;
    }

    /**
     * Returns where the ring has changed in a rank's steps.
     *
     * @throws IllegalStateException if a step was lost, or counts twice
     */
    public static List<Change> changes(List<Step> steps) {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).number != i + 1) {
                throw new IllegalStateException("after step " + i + " came step " + steps.get(i).number);
            }
        }
        for (int i = 1; i < steps.size() - 1; i++) {
            Change change = new Change(steps.get(i - 1), steps.get(i), steps.get(i + 1));
            if (change.after.ring.number != change.before.ring.number
                    && change.after.ring.number == change.next.ring.number) {
                changes.add(change);
            }
        }
        return changes;
    }

    @Override
    public boolean isOver() {
        return done == options.steps;
    }

    @Override
    public List<Part> state() {
        return List.of(new Part(parameters, DataType.F32));
    }

    @Override
    public long ringMemory() {
        return options.modelBytes;
    }

    @Override
    public void enter(Communicator next) {
        long formedNs = System.nanoTime();
        ring = next;
        gradient = next.allocate(options.modelBytes);
        long placedNs = System.nanoTime();
        formed = new Formed(next.generation(), next.size(), formedNs, placedNs, placedNs);
    }

    @Override
    public void resume(long step) {
        done = step;
        formed = new Formed(formed.number, formed.ranks, formed.formedNs, formed.placedNs, System.nanoTime());
    }

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
        gate.enter();
        halt.set(ValueLayout.JAVA_INT, 0, gate.halting() ? 1 : 0);
        here.allReduce(halt, DataType.I32, ReduceOp.MAX);
        here.allReduce(gradient, DataType.F32, ReduceOp.SUM);
        gate.complete(halt.get(ValueLayout.JAVA_INT, 0) > 0);
        done = step;
        steps.add(new Step(step, System.nanoTime(), formed));
        if (here.rank() == 0) {
            worker.report(step, options.steps, Map.of());
        }
    }
}
