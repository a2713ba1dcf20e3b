package io.kolo.allreduce;

import static java.util.Objects.requireNonNull;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.Reducer;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What a rank is asked to do. One object a communicator, filled in anew for each operation, so that none is allocated.
 */
final class Operation {
    private Collective collective = Collective.BARRIER;
    private int sequence;
    private DataType type = DataType.F32;
    private @Nullable ReduceOp op;
    private int root;

    /** What this is a step of, or itself: ranks must agree on that, and not only on a step that is the same in many. */
    private Operation whole = this;

    private int divisor = 1;
    private double scale = 1;
    private @Nullable Kernels kernels;
    private @Nullable Reducer reducer;

    /** Starts over: an operation without arithmetic, whose elements are moved as they are. */
    Operation is(Collective collective, int sequence, DataType type, int root) {
        this.collective = collective;
        this.sequence = sequence;
        this.type = type;
        this.root = root;
        this.op = null;
        this.divisor = 1;
        this.scale = 1;
        this.whole = this;
        return this;
    }

    /** Becomes the one of that number, where only two ranks count. */
    Operation numbered(int number) {
        this.sequence = number;
        return this;
    }

    /**
     * Lets elements be combined; the kernel is warm from here on, before anyone waits for this rank.
     *
     * @param divisor what sums become averages by: the number of ranks, or 1
     * @param scale what results are multiplied by, after that
     */
    Operation combining(Kernels kernels, ReduceOp op, int divisor, double scale) {
        this.op = op;
        this.divisor = divisor;
        this.scale = scale;
        this.kernels = kernels;
        this.reducer = kernels.reducer(elements(), op);
        return this;
    }

    /** Becomes the first step of {@code whole} on several hosts: the elements of a host are combined at its leader. */
    Operation onHost(Operation whole) {
        return stepOf(whole, Collective.REDUCE, true);
    }

    /** Becomes the second step: what the hosts have is combined, and finished. */
    Operation betweenHosts(Operation whole) {
        stepOf(whole, Collective.ALL_REDUCE, true);
        this.divisor = whole.divisor;
        this.scale = whole.scale;
        return this;
    }

    /** Becomes the last step: the leader's elements go to all ranks of its host. */
    Operation fromLeader(Operation whole) {
        return stepOf(whole, Collective.BROADCAST, false);
    }

    private Operation stepOf(Operation whole, Collective collective, boolean combines) {
        is(collective, whole.sequence, whole.elements(), 0);
        this.op = combines ? whole.op : null;
        this.kernels = whole.kernels;
        this.reducer = whole.reducer;
        this.whole = whole;
        return this;
    }

    Collective collective() {
        return collective;
    }

    int sequence() {
        return sequence;
    }

    int root() {
        return root;
    }

    boolean combines() {
        return op != null;
    }

    /** Returns the type as the user has it. */
    DataType type() {
        return type;
    }

    /** Returns the type of the elements that a plan sees and moves: halves are combined, and travel to it, as F32. */
    DataType elements() {
        return combines() ? type.arithmetic() : type;
    }

    /** Returns whether {@code rank} is to have the result of segment {@code segment}. */
    boolean delivers(int segment, int rank) {
        return switch (collective) {
            case REDUCE_SCATTER -> segment == rank;
            case REDUCE -> rank == root;
            default -> true;
        };
    }

    /** Fills in what all ranks must agree on. */
    void describe(ChunkHeader header, long count) {
        header.operation(whole.collective, sequence, whole.root, count);
        if (collective != Collective.BARRIER) {
            header.numbers(whole.type, whole.op);
        }
    }

    /** Returns the kernel of an operation that combines. */
    Reducer reducer() {
        return requireNonNull(reducer);
    }

    /** Returns whether {@link #finish} changes anything. */
    boolean hasToFinish() {
        return divisor > 1 || scale != 1;
    }

    /** Does what is left to do with elements that are combined: to divide, and to scale. */
    void finish(MemorySegment data, long offset, long count) {
        if (divisor > 1) {
            requireNonNull(kernels).divide(elements(), data, offset, count, divisor);
        }
        if (scale != 1) {
            requireNonNull(kernels).scale(elements(), data, offset, count, scale);
        }
    }
}
