package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.StepGate;
import io.kolo.executor.Trainee;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.World;
import java.util.function.Consumer;

/** The worker that a training function receives: one of a ring that stays. */
final class JoinedWorker extends RingWorker {
    private static final int ROOT = 0;

    private final World world;
    private final Communicator communicator;

    JoinedWorker(World world, Communicator communicator, Consumer<FromWorker> driver) {
        super(driver);
        this.world = world;
        this.communicator = communicator;
    }

    @Override
    World world() {
        return world;
    }

    @Override
    public Communicator communicator() {
        return communicator;
    }

    @Override
    public int generation() {
        return communicator.generation();
    }

    @Override
    public void train(Trainee trainee) {
        trainee.enter(communicator);
        for (Trainee.Part part : trainee.state()) {
            communicator.broadcast(part.memory(), part.type(), ROOT);
        }
        trainee.resume(0);
        for (long step = 1; step <= trainee.steps(); step++) {
            trainee.step(step, StepGate.OPEN);
        }
    }
}
