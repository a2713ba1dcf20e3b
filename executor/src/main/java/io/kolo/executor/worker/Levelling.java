package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Trainee;
import io.kolo.kernels.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The state on its way from a rank that has it to those that have not. A rank that has it gives and takes it where it
 * lies, since what comes is what is there; one that has not takes it aside, so that a ring that breaks leaves its own
 * whole.
 */
final class Levelling implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final Trainee trainee;
    private final boolean holder;
    private List<Trainee.Part> taken = List.of();

    Levelling(Trainee trainee, boolean holder) {
        this.trainee = trainee;
        this.holder = holder;
    }

    /** First all hear how long the parts are. */
    void run(Communicator ring, int root) {
        List<Trainee.Part> own = trainee.state();
        long[] lengths =
                own.stream().mapToLong(part -> part.memory().byteSize()).toArray();
        ring.broadcast(MemorySegment.ofArray(lengths), DataType.I64, root);
        taken = holder ? own : aside(own, lengths);
        for (Trainee.Part part : taken) {
            ring.broadcast(part.memory(), part.type(), root);
        }
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
