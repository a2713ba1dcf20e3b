package io.kolo.executor.worker;

import com.google.protobuf.InvalidProtocolBufferException;
import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.elastic.Action;
import io.kolo.elastic.ElasticRules;
import io.kolo.elastic.Generation;
import io.kolo.elastic.Lineage;
import io.kolo.elastic.Membership;
import io.kolo.elastic.Order;
import io.kolo.elastic.Standing;
import io.kolo.executor.StepGate;
import io.kolo.executor.StepLostException;
import io.kolo.executor.Trainee;
import io.kolo.executor.Transport;
import io.kolo.executor.control.ControlRehearsal;
import io.kolo.executor.control.ElasticMessages;
import io.kolo.executor.control.Worlds;
import io.kolo.executor.control.proto.Form;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An elastic job of two workers within this process, which lose a step again and again, before it joins that of others:
 * what it does there has been loaded, and compiled, by then, and those that train are not kept waiting for it.
 */
final class Rehearsal {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** On a machine that is slow, or busy, less is rehearsed: a start that takes long is worse. */
    private static final Duration MOST_TRAINING = Duration.ofSeconds(3);

    private static final long STEPS = 60;
    private static final long STEPS_A_GENERATION = 3;
    private static final int FLOATS = 1 << 14;
    private static final int MESSAGES_A_STEP = 16;
    private static final String HOST = "rehearsal";

    private final BlockingQueue<Standing> said = new LinkedBlockingQueue<>();
    private final List<Member> members;
    private final List<ElasticWorker> workers;
    private final Membership membership;

    private Rehearsal(List<AeronEndpoint> endpoints, Kernels kernels, Path folder) {
        SharedFolder shared = new SharedFolder(folder, folder, HOST);
        this.members = endpoints.stream()
                .map(endpoint -> Member.newBuilder()
                        .setHost(HOST)
                        .setDataAddress(endpoint.address())
                        .setMemory(shared.identity())
                        .build())
                .toList();
        this.workers = Stream.of(0, 1)
                .map(number -> new ElasticWorker(
                        number, new RingAssembler(endpoints.get(number), kernels, shared), said::add, message -> {}))
                .toList();
        ElasticRules rules = new ElasticRules(2, 2, Integer.MAX_VALUE, TIMEOUT, TIMEOUT, TIMEOUT);
        this.membership = new Membership(rules, new Lineage(List.of()), System.nanoTime());
    }

    /**
     * Rehearses.
     *
     * @param own this process's endpoint
     * @param folder this worker's own, in memory
     * @throws IllegalStateException if no ring could be formed
     */
    static void run(AeronEndpoint own, Kernels kernels, Path folder) {
        ControlRehearsal.run();
        Path beside = folder.resolve(HOST); // gone with it, whatever happens
        try (AeronEndpoint other = AeronEndpoint.open(beside, own.host(), TIMEOUT);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Rehearsal rehearsal = new Rehearsal(List.of(own, other), kernels, beside);
            List<Future<?>> trainings = rehearsal.workers.stream()
                    .<Future<?>>map(worker -> threads.submit(() -> rehearsal.train(worker)))
                    .toList();
            try {
                if (rehearsal.coordinate()) {
                    for (Future<?> training : trainings) {
                        training.get();
                    }
                }
            } finally {
                rehearsal.end(); // and is waited for
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("no ring could be formed within this process", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a message can't be read by whom it was written", e);
        }
    }

    private void train(ElasticWorker worker) {
        try (worker) {
            worker.go(new Part());
        }
    }

    /** Does what a coordinator does; returns whether all have finished in time. */
    private boolean coordinate() throws InterruptedException, InvalidProtocolBufferException {
        long deadlineNs = System.nanoTime() + MOST_TRAINING.toNanos();
        while (membership.phase() != Membership.Phase.DONE) {
            Standing next = said.poll(1, TimeUnit.MILLISECONDS);
            long nowNs = System.nanoTime();
            if (nowNs - deadlineNs > 0) {
                return false;
            }
            if (next != null) {
                Standing read = ElasticMessages.standing(next.worker(), ElasticMessages.message(0, next));
                membership.heard(read, HOST, nowNs);
            }
            membership.turn(nowNs);
            List<Action> actions = membership.actions();
            while (!actions.isEmpty()) {
                for (Action action : actions) {
                    act(action, nowNs);
                }
                actions = membership.actions();
            }
        }
        return true;
    }

    /** Whoever is still under way leaves. No interrupt: it would close the endpoint's client. */
    private void end() {
        Order leave = new Order.Leave(membership.current().number(), "the rehearsal is over");
        workers.forEach(worker -> worker.hear(leave));
    }

    private void act(Action action, long nowNs) throws InvalidProtocolBufferException {
        switch (action) {
            case Action.Journal write -> membership.recorded(write.generation(), nowNs);
            case Action.Tell tell -> tell(workers.get(tell.worker()), tell.order());
            case Action.Evict evict -> throw new IllegalStateException("a worker was evicted: " + evict.reason());
            case Action.GiveUp giveUp -> throw new IllegalStateException(giveUp.reason());
            case Action.StepDown down -> throw new IllegalStateException(down.reason());
            case Action.Done done -> {}
        }
    }

    private void tell(ElasticWorker worker, Order order) throws InvalidProtocolBufferException {
        if (order instanceof Order.Form form) {
            Form message = ElasticMessages.message(form, world(form.next(), worker.number()));
            worker.hear(Form.parseFrom(message.toByteString()));
        } else {
            worker.hear(ElasticMessages.order(ElasticMessages.message(order)));
        }
    }

    private World world(Generation generation, int worker) {
        return Worlds.of(generation.number(), generation.number(), Transport.AUTO.name(), TIMEOUT)
                .setRank(generation.rankOf(worker))
                .addAllMembers(members)
                .build();
    }

    /** What they train: a step loses itself now and then, so that another generation has to be formed. */
    private static final class Part implements Trainee {
        private final MemorySegment state = Arena.ofAuto().allocate(FLOATS * (long) Float.BYTES, Double.BYTES);
        private final MemorySegment halt = Arena.ofAuto().allocate(ValueLayout.JAVA_INT);
        private MemorySegment gradient = MemorySegment.NULL;
        private @Nullable Communicator ring;
        private long sinceEntered;
        private long done;

        @Override
        public boolean isOver() {
            return done == STEPS;
        }

        @Override
        public List<Trainee.Part> state() {
            return List.of(new Trainee.Part(state, DataType.F32));
        }

        @Override
        public void enter(Communicator next) {
            ring = next;
            gradient = next.allocate(state.byteSize());
            sinceEntered = 0;
        }

        @Override
        public void resume(long step) {
            done = step;
        }

        @Override
        public void step(long step, StepGate gate) {
            Communicator here = Objects.requireNonNull(ring);
            if (here.rank() == 1 && ++sinceEntered > STEPS_A_GENERATION && step < STEPS) {
                throw new StepLostException(here.generation());
            }
            gate.enter();
            halt.set(ValueLayout.JAVA_INT, 0, gate.halting() ? 1 : 0);
            here.allReduce(halt, DataType.I32, ReduceOp.MAX);
            here.allReduce(gradient, DataType.F32, ReduceOp.SUM);
            for (int message = 0; message < MESSAGES_A_STEP; message++) {
                passOn(here);
            }
            gate.complete(halt.get(ValueLayout.JAVA_INT, 0) > 0);
            done = step;
        }

        /** As the state goes to one that joins, which receives one once in its life, in many pieces. */
        private void passOn(Communicator here) {
            if (here.rank() == 0) {
                here.send(halt, DataType.I32, 1);
            } else {
                here.receive(halt, DataType.I32, 0);
            }
        }
    }
}
