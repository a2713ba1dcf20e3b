package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Trainee;
import io.kolo.kernels.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The state on its way from a rank that has it to those that have not. A rank that has it gives and takes it where it
 * lies, since what comes is what is there; so does one whose own state is of no more use. Any other takes it aside, so
 * that a ring that breaks leaves its own whole.
 */
final class Levelling implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    private static final int NOBODY = -1;
    private static final long MOST_ALONE_BYTES = 512L << 20;

    private final Arena arena = Arena.ofConfined(); // a shared one waits for all threads when it is closed
    private final Trainee trainee;
    private final boolean holder;
    private boolean inPlace;
    private List<Trainee.Part> taken = List.of();

    /**
     * A way for one rank.
     *
     * @param holder whether it has the state
     * @param inPlace whether its own state may be overwritten piece by piece
     */
    Levelling(Trainee trainee, boolean holder, boolean inPlace) {
        this.trainee = trainee;
        this.holder = holder;
        this.inPlace = inPlace;
    }

    /**
     * Brings the state to those that have not got it: to one of them alone, if it is not so large that the others would
     * wait for long, or else round to all ranks. How long its parts are goes ahead; the others know by their own.
     *
     * @param root has it
     * @param needing the ranks that have not
     */
    void run(Communicator ring, int root, List<Integer> needing) {
        List<Trainee.Part> own = trainee.state();
        long[] lengths =
                own.stream().mapToLong(part -> part.memory().byteSize()).toArray();
        int first = needing.size() == 1 ? needing.getFirst() : NOBODY;
        pass(ring, root, first, new Trainee.Part(MemorySegment.ofArray(lengths), DataType.I64));
        int only = LongStream.of(lengths).sum() <= MOST_ALONE_BYTES ? first : NOBODY;
        if (only == NOBODY || ring.rank() == root || ring.rank() == only) {
            inPlace = holder || (inPlace && hasLengths(own, lengths));
            taken = inPlace ? own : aside(own, lengths);
            taken.forEach(part -> pass(ring, root, only, part));
        }
    }

    /** From the root to one rank, or to all. */
    private static void pass(Communicator ring, int root, int only, Trainee.Part part) {
        if (only == NOBODY) {
            ring.broadcast(part.memory(), part.type(), root);
        } else if (ring.rank() == root) {
            ring.send(part.memory(), part.type(), only);
        } else if (ring.rank() == only) {
            ring.receive(part.memory(), part.type(), root);
        }
    }

    private static boolean hasLengths(List<Trainee.Part> own, long[] lengths) {
        for (int i = 0; i < lengths.length; i++) {
            if (own.get(i).memory().byteSize() != lengths[i]) {
                return false;
            }
        }
        return true;
    }

    private List<Trainee.Part> aside(List<Trainee.Part> own, long[] lengths) {
        List<Trainee.Part> aside = new ArrayList<>();
        for (int i = 0; i < lengths.length; i++) {
            aside.add(new Trainee.Part(
                    arena.allocate(lengths[i], ALIGNMENT), own.get(i).type()));
        }
        return aside;
    }

    /** The state is this rank's now. */
    void apply() {
        if (!holder) {
            trainee.load(taken);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
