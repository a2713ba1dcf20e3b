package io.kolo.executor.worker;

import io.kolo.allreduce.CollectiveAbortedException;
import io.kolo.allreduce.CollectiveTimeoutException;
import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.HostParts;
import io.kolo.elastic.Generation;
import io.kolo.elastic.Member;
import io.kolo.elastic.Order;
import io.kolo.elastic.Replica;
import io.kolo.elastic.Replica.Phase;
import io.kolo.elastic.Standing;
import io.kolo.executor.StepGate;
import io.kolo.executor.StepLostException;
import io.kolo.executor.Trainee;
import io.kolo.executor.control.Compilers;
import io.kolo.executor.control.ElasticMessages;
import io.kolo.executor.control.proto.Form;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.World;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The worker that a training function of an elastic job receives: the shell around a {@link Replica}. The coordinator's
 * channel's thread brings orders, and ends what the ring is in; the thread that trains forms rings, has the state made
 * the same everywhere, and does steps. They meet under one lock, which is never held while waiting for others.
 */
final class ElasticWorker extends RingWorker implements StepGate, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ElasticWorker.class.getName());

    private final Object lock = new Object();
    private final int number;
    private final Replica replica;
    private final RingAssembler assembler;
    private final Consumer<Standing> coordinator;
    private final Acquaintances acquaintances = new Acquaintances();
    private final HostParts parts;
    private final FormerRings former;
    private final NextRing prepared;
    private @Nullable World next;
    private @Nullable World world;
    private volatile @Nullable Communicator ring;

    /** The ring that is being formed. */
    private @Nullable Communicator forming;

    private boolean training;
    private volatile long ringMemory;

    /** Has rehearsed, and may be let in. */
    private boolean ready;

    /**
     * A worker in a run.
     *
     * @param number the worker's
     * @param coordinator takes where it stands
     * @param driver takes how far it is
     */
    ElasticWorker(int number, RingAssembler assembler, Consumer<Standing> coordinator, Consumer<FromWorker> driver) {
        super(driver);
        this.number = number;
        this.replica = new Replica(number);
        this.assembler = assembler;
        this.coordinator = coordinator;
        this.parts = assembler.folder().parts(acquaintances::othersAreGone);
        this.former = new FormerRings(parts);
        this.prepared = new NextRing(assembler, parts, former.aside());
    }

    int number() {
        return number;
    }

    @Override
    World world() {
        World formed = world;
        if (formed == null) {
            throw new IllegalStateException("a worker of an elastic job has a rank, and others, from train on");
        }
        return formed;
    }

    @Override
    public Communicator communicator() {
        Communicator formed = ring;
        if (formed == null) {
            throw new IllegalStateException("a worker of an elastic job has a ring from train on");
        }
        return formed;
    }

    @Override
    public int generation() {
        Communicator formed = ring;
        return formed == null ? 0 : formed.generation();
    }

    // The threads of the channels.

    /** No thread of another worker will run again. */
    void halted(int worker) {
        acquaintances.gone(worker);
    }

    void hear(Form form) {
        Order.Form order = ElasticMessages.order(form);
        order.departed().forEach(acquaintances::gone);
        obey(order, form.getWorld());
    }

    /** This is the world of the next generation, if nothing comes between. */
    void prepare(World planned) {
        synchronized (lock) {
            if (!ready || !isOfThisRing() || !replica.obey(ElasticMessages.preparation(planned))) {
                return; // the order comes again
            }
        }
        if (RingAssembler.isInMemory(planned)) {
            prepared.prepare(planned, ringMemory, () -> prepared(planned));
        } else {
            prepared(planned);
        }
    }

    private void prepared(World planned) {
        synchronized (lock) {
            if (replica.prepared(planned.getGeneration())) {
                tell();
            }
        }
    }

    void hear(Order order) {
        obey(order, null);
    }

    /** Obeys; nobody waits for the lock while it is said. A world comes with a generation alone. */
    private void obey(Order order, @Nullable World announced) {
        boolean obeyed;
        synchronized (lock) {
            obeyed = replica.obey(order);
            if (obeyed) {
                next = announced == null ? next : announced;
                turned();
            }
        }
        if (obeyed && announced == null) { // a generation is answered by its first step, to spare the cores
            tell();
        }
    }

    /** Says again where it stands, if it is under way. */
    void beat() {
        synchronized (lock) {
            if (ready) {
                tell();
            }
        }
    }

    private void changed() {
        turned();
        tell();
    }

    /** Ends what is in vain now, and wakes the thread that trains. */
    private void turned() {
        Phase phase = replica.phase();
        if (phase == Phase.FROZEN || phase == Phase.LEFT) {
            prepared.abandon(replica.generation().number());
            abort(forming);
            abort(ring);
        }
        lock.notifyAll();
    }

    private static void abort(@Nullable Communicator ring) {
        if (ring != null) {
            ring.abort(ring.rank(), "the ranks form another ring");
        }
    }

    /** Standings may overtake each other. */
    private void tell() {
        Standing standing;
        synchronized (lock) {
            standing = replica.standing();
        }
        coordinator.accept(standing);
    }

    // The thread that trains.

    @Override
    public void train(Trainee trainee) {
        synchronized (lock) {
            if (training) {
                throw new IllegalStateException("a run of an elastic job trains once; do the rest in a run of its own");
            }
            training = true;
        }
        assembler.rehearse();
        trainee.rehearse();
        ringMemory = trainee.ringMemory();
        if (ringMemory > 0) {
            parts.prepare(ringMemory);
        }
        Compilers.settle();
        go(trainee);
    }

    /** Trains, as soon as the coordinator lets this worker in. */
    void go(Trainee trainee) {
        synchronized (lock) {
            ready = true;
            tell();
        }
        boolean more = true;
        while (more) {
            more = switch (awaitWork()) {
                case READY -> work(trainee);
                case RELEASED -> false;
                case LEFT -> throw new IllegalStateException("this worker is no member any more: " + replica.reason());
                case FRESH, FROZEN, LEVELLING, IN_STEP -> true;
            };
        }
    }

    /** Waits without a deadline of its own: when the driver is gone, so is this process. */
    private Phase awaitWork() {
        synchronized (lock) {
            while (replica.phase() == Phase.FRESH
                    || replica.phase() == Phase.FROZEN
                    || (replica.phase() == Phase.READY && replica.standing().finished())) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("interrupted while it waited for its next generation", e);
                }
            }
            return replica.phase();
        }
    }

    /** What comes of it counts for the generation that it was begun in: meanwhile orders arrive. */
    private boolean work(Trainee trainee) {
        Generation generation = replica.generation();
        try {
            if (generation() != generation.number()) {
                form(trainee, generation);
            } else if (replica.needsState()) {
                level(trainee, generation);
            } else if (trainee.isOver()) {
                synchronized (lock) {
                    if (isReady(generation) && replica.finish()) {
                        changed();
                    }
                }
            } else {
                trainee.step(replica.state().step() + 1, this);
            }
        } catch (StepLostException | CollectiveAbortedException e) {
            broke(generation, Standing.NOBODY);
        } catch (CollectiveTimeoutException e) {
            broke(generation, generation.members().get(e.awaitedRank()).worker());
        }
        return true;
    }

    private void broke(Generation generation, int culprit) {
        synchronized (lock) {
            if (replica.generation().equals(generation) && replica.broke(culprit)) {
                changed();
            }
        }
    }

    private void form(Trainee trainee, Generation generation) {
        World members;
        synchronized (lock) {
            members = next;
        }
        if (members == null || members.getGeneration() != generation.number()) {
            throw new StepLostException(generation.number());
        }
        prepared.abandonOthers(members); // it may be what keeps those before from being closed
        former.awaitCleared();
        acquaintances.meet(generation.members().stream().map(Member::worker).toList());
        @Nullable Communicator formed;
        try {
            formed = prepared.take(members);
            if (formed == null) {
                formed = assembler.assemble(members, parts, ringMemory, () -> !isReady(generation), this::forming);
            }
        } catch (IllegalStateException e) {
            LOG.log(System.Logger.Level.DEBUG, "{0} did not come about: {1}", generation, e.getMessage());
            broke(generation, Standing.NOBODY);
            return;
        }
        former.add(formed); // until the trainee has gone over to it
        forming(formed);
        trainee.enter(formed);
        former.remove(formed);
        Communicator last = ring;
        synchronized (lock) {
            ring = formed;
            world = members;
            forming = null;
        }
        if (last != null) {
            former.add(last);
        }
        former.succeededBy(formed);
    }

    private void forming(Communicator connected) {
        synchronized (lock) {
            forming = connected;
            if (replica.phase() != Phase.READY || replica.generation().number() != connected.generation()) {
                throw new StepLostException(connected.generation());
            }
        }
    }

    private boolean isReady(Generation generation) {
        synchronized (lock) {
            return replica.phase() == Phase.READY && replica.generation().equals(generation);
        }
    }

    private void level(Trainee trainee, Generation generation) {
        goIn();
        Member self = generation.members().get(rank());
        // A state from which no step was done is made by whoever is first, so that none must be half overwritten.
        boolean inPlace = self.holder()
                || (generation.base().step() > 0 && !replica.state().exists());
        Levelling levelling = new Levelling(trainee, self.holder(), inPlace);
        try {
            levelling.run(communicator(), generation.root(), generation.needing());
            synchronized (lock) {
                if (!isOfThisRing() || !replica.levelled()) {
                    throw new StepLostException(generation.number());
                }
            }
            levelling.apply();
        } finally {
            levelling.close();
        }
        trainee.resume(generation.base().step());
    }

    private boolean isOfThisRing() {
        return generation() == replica.generation().number();
    }

    private void goIn() {
        synchronized (lock) {
            if (!isOfThisRing() || !replica.enter()) {
                throw new StepLostException(generation());
            }
        }
    }

    @Override
    public void enter() {
        goIn();
    }

    @Override
    public boolean halting() {
        synchronized (lock) {
            return replica.halting();
        }
    }

    @Override
    public void complete(boolean halt) {
        synchronized (lock) {
            if (!isOfThisRing() || !replica.complete(halt)) {
                throw new StepLostException(generation());
            }
            changed();
        }
        former.clearAside();
    }

    @Override
    public void close() {
        prepared.close();
        former.close();
        Communicator last = ring;
        if (last != null) {
            last.close();
        }
        parts.close();
    }
}
