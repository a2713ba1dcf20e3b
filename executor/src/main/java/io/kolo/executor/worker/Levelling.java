package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Trainee;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * The state on its way from a rank that has it to those that have not. A rank that has it gives and takes it where it
 * lies, since what comes is what is there; one that has not takes it aside, so that a ring that breaks leaves its own
 * whole.
 */
final class Levelling implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final List<Trainee.Part> own;
    private final boolean holder;
    private final List<Trainee.Part> taken;

    Levelling(List<Trainee.Part> own, boolean holder) {
        this.own = own;
        this.holder = holder;
        this.taken = holder ? own : aside(own);
    }

    private List<Trainee.Part> aside(List<Trainee.Part> parts) {
        List<Trainee.Part> aside = new ArrayList<>();
        for (Trainee.Part part : parts) {
            aside.add(new Trainee.Part(arena.allocate(part.memory().byteSize(), 64), part.type()));
        }
        return aside;
    }

    void run(Communicator ring, int root) {
        for (Trainee.Part part : taken) {
            ring.broadcast(part.memory(), part.type(), root);
        }
    }

    /** The state is this rank's now. */
    void apply() {
        for (int i = 0; i < own.size() && !holder; i++) {
            own.get(i).memory().copyFrom(taken.get(i).memory());
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
