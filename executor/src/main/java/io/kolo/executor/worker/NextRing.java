package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.HostParts;
import io.kolo.executor.StepLostException;
import io.kolo.executor.control.proto.World;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The ring of the generation that will be next, if nothing comes between: formed beside the training, so that those
 * that train have less to wait for once all have frozen. If something does come between, nobody takes it.
 */
final class NextRing implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(NextRing.class.getName());

    /** Longer than a halt waits for it: by then one of the others is gone, unless the ring is announced. */
    private static final long MOST_NS = TimeUnit.SECONDS.toNanos(3);

    private final RingAssembler assembler;
    private final HostParts parts;
    private final Executor aside;
    private @Nullable Attempt attempt;
    private boolean closed;

    /**
     * None yet.
     *
     * @param aside one thread, which ends after this is closed
     */
    NextRing(RingAssembler assembler, HostParts parts, Executor aside) {
        this.assembler = assembler;
        this.parts = parts;
        this.aside = aside;
    }

    private final class Attempt {
        private final World world;
        private final long sinceNs = System.nanoTime();
        private final CompletableFuture<Communicator> formed = new CompletableFuture<>();
        private volatile boolean abandoned;
        private volatile boolean wanted;
        private volatile @Nullable Communicator forming;

        private Attempt(World world) {
            this.world = world;
        }

        private void form(long memory) {
            Communicator ring;
            try {
                ring = assembler.prepare(world, parts, memory, this::isInVain, this::forming);
            } catch (Throwable e) { // or whoever takes the ring would wait for ever
                formed.completeExceptionally(e);
                return;
            }
            synchronized (NextRing.this) {
                if (!abandoned) {
                    formed.complete(ring);
                    return;
                }
            }
            ring.close();
            formed.completeExceptionally(new StepLostException(world.getGeneration()));
        }

        private void forming(Communicator met) {
            forming = met;
            abortIfAbandoned();
        }

        private void abortIfAbandoned() {
            Communicator met = forming;
            if (abandoned && met != null) {
                met.abort(met.rank(), "another ring is formed in the place of this one");
            }
        }

        private boolean isInVain() {
            return abandoned || (!wanted && System.nanoTime() - sinceNs > MOST_NS);
        }

        private void abandon() {
            abandoned = true;
            abortIfAbandoned();
            if (formed.isDone() && !formed.isCompletedExceptionally()) {
                aside.execute(formed.join()::close);
            }
        }
    }

    /**
     * Begins to form the ring, in the place of one of an earlier generation.
     *
     * @param memory bytes that each rank will allocate in it
     * @param ended called when it stands, or does not come about
     */
    synchronized void prepare(World world, long memory, Runnable ended) {
        abandon(world.getGeneration() - 1);
        if (attempt == null && !closed) {
            Attempt next = new Attempt(world);
            attempt = next;
            aside.execute(() -> {
                next.form(memory);
                ended.run();
            });
        }
    }

    /** Abandons the ring of any generation up to this one. */
    synchronized void abandon(int generation) {
        if (attempt != null && attempt.world.getGeneration() <= generation) {
            attempt.abandon();
            attempt = null;
        }
    }

    /** Abandons a ring that is not this world's: that is the next one, for sure. */
    synchronized void abandonOthers(World next) {
        if (attempt != null && !attempt.world.equals(next)) {
            abandon(next.getGeneration());
        }
    }

    /**
     * Returns the ring of a world once it stands; null if none was prepared for it.
     *
     * @throws StepLostException if it does not come about, or is abandoned meanwhile
     */
    @Nullable
    Communicator take(World world) {
        Attempt planned;
        synchronized (this) {
            planned = attempt;
        }
        if (planned == null || !planned.world.equals(world)) {
            return null;
        }
        planned.wanted = true;
        try {
            Communicator ring = planned.formed.join();
            synchronized (this) {
                if (planned.abandoned) {
                    throw new StepLostException(world.getGeneration());
                }
                attempt = null;
            }
            return ring;
        } catch (CompletionException e) {
            LOG.log(System.Logger.Level.DEBUG, "what was prepared did not come about", e);
            throw new StepLostException(world.getGeneration());
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        abandon(Integer.MAX_VALUE);
    }
}
