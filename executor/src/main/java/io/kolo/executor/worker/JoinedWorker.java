package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.StepGate;
import io.kolo.executor.Trainee;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.World;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

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
        try (Levelling levelling = new Levelling(trainee, rank() == ROOT, rank() == ROOT)) {
            List<Integer> others = IntStream.range(0, size())
                    .filter(rank -> rank != ROOT)
                    .boxed()
                    .toList();
            levelling.run(communicator, ROOT, others);
            levelling.apply();
        }
        trainee.resume(0);
        OpenGate gate = new OpenGate();
        while (!trainee.isOver()) {
            trainee.step(gate.steps + 1, gate);
        }
    }

    /** Lets all through, and counts the steps. */
    private static final class OpenGate implements StepGate {
        private long steps;

        @Override
        public void enter() {}

        @Override
        public boolean halting() {
            return false;
        }

        @Override
        public void complete(boolean halt) {
            steps++;
        }
    }
}
