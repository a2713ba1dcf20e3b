package io.kolo.perf;

import static java.util.Comparator.comparingLong;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.StepGate;
import io.kolo.executor.Trainee;
import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.io.IOException;
import java.io.Serializable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BinaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
     * @param notes the folder in which each worker notes its steps; null if nobody is to read them
     */
    public record Options(
            long steps,
            long stepNs,
            long modelBytes,
            @Nullable String notes) implements Serializable {}

    /**
     * A step that counts.
     *
     * @param number from 1
     * @param endNs when it was over on this rank
     * @param ring in which it was done
     */
    public record Step(long number, long endNs, Formed ring) {}

    /**
     * A ring on its way.
     *
     * @param number of its generation
     * @param ranks how many they are
     * @param formedNs when this rank had met the others
     * @param placedNs when the gradient had its place in their memory
     * @param levelledNs when the state was the same on all of them
     */
    public record Formed(int number, int ranks, long formedNs, long placedNs, long levelledNs) {}

    /**
     * A change of the ring, as the steps show it.
     *
     * @param before the last step before it
     * @param after the first step after it
     * @param stepNs what a step takes by itself: the median of those that followed in the same ring
     */
    public record Change(Step before, Step after, long stepNs) {
        /** Returns when the first step after the change was over, less what a step takes by itself. */
        public long endNs() {
            return after.endNs - stepNs;
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
    private final @Nullable StepNotes notes;
    private @Nullable Communicator ring;
    private Formed formed = new Formed(0, 0, 0, 0, 0);
    private MemorySegment gradient = MemorySegment.NULL;
    private long done;

    private RecoveryBenchmark(Worker worker, Options options, @Nullable StepNotes notes) {
        this.worker = worker;
        this.options = options;
        this.notes = notes;
        this.parameters = Arena.ofAuto().allocate(options.modelBytes, 64);
    }

    /** Trains; returns the number of the last step. */
    public static long run(Worker worker, Options options) throws IOException {
        try (StepNotes notes = options.notes == null ? null : StepNotes.create(Path.of(options.notes))) {
            RecoveryBenchmark benchmark = new RecoveryBenchmark(worker, options, notes);
            worker.train(benchmark);
            return benchmark.done;
        }
    }

    /**
     * Returns where the ring has changed, as the slowest of those saw it that have done the steps around it.
     *
     * @throws IllegalStateException if a worker has missed a step between two, or done it twice
     */
    public static Collection<Change> changes(Options options) throws IOException {
        SortedMap<Integer, Change> changes = new TreeMap<>();
        try (Stream<Path> files = Files.list(Path.of(Objects.requireNonNull(options.notes)))) {
            for (Path file : files.toList()) {
                for (Change change : changes(StepNotes.read(file))) {
                    changes.merge(change.after.ring.number, change, BinaryOperator.maxBy(comparingLong(Change::endNs)));
                }
            }
        }
        return changes.values();
    }

    private static List<Change> changes(List<Step> steps) {
        List<Change> changes = new ArrayList<>();
        for (int i = 1; i < steps.size(); i++) {
            Step before = steps.get(i - 1);
            Step after = steps.get(i);
            if (after.number != before.number + 1) {
                throw new IllegalStateException("after step " + before.number + " came step " + after.number);
            }
            if (after.ring.number != before.ring.number) {
                long[] followingNs = IntStream.range(i + 1, steps.size())
                        .takeWhile(next -> steps.get(next).ring.equals(after.ring))
                        .mapToLong(next -> steps.get(next).endNs - steps.get(next - 1).endNs)
                        .sorted()
                        .toArray();
                if (followingNs.length > 0) {
                    changes.add(new Change(before, after, followingNs[followingNs.length / 2]));
                }
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
        if (notes != null) {
            notes.add(new Step(step, System.nanoTime(), formed));
        }
        if (here.rank() == 0) {
            worker.report(step, options.steps, Map.of());
        }
    }
}
