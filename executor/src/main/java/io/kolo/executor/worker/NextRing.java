package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.HostParts;
import io.kolo.executor.StepLostException;
import io.kolo.executor.control.proto.World;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The ring of the generation that will be next, if nothing comes between: formed beside the training, so that those
 * that train have less to wait for once all have frozen. If something does come between, nobody takes it.
 */
final class NextRing {
    private final RingAssembler assembler;
    private final HostParts parts;
    private final Executor aside;
    private @Nullable Attempt attempt;

    /**
     * None yet.
     *
     * @param aside one thread
     */
    NextRing(RingAssembler assembler, HostParts parts, Executor aside) {
        this.assembler = assembler;
        this.parts = parts;
        this.aside = aside;
    }

    private final class Attempt {
        private final World world;
        private final CompletableFuture<Communicator> formed = new CompletableFuture<>();
        private volatile boolean abandoned;
        private volatile @Nullable Communicator forming;

        private Attempt(World world) {
            this.world = world;
        }

        private void form(long memory) {
            try {
                formed.complete(assembler.prepare(world, parts, memory, () -> abandoned, this::forming));
            } catch (RuntimeException e) { // whoever takes the ring is told
                formed.completeExceptionally(e);
            }
        }

        private void forming(Communicator connected) {
            forming = connected;
            abortIfAbandoned();
        }

        private void abortIfAbandoned() {
            Communicator connected = forming;
            if (abandoned && connected != null) {
                connected.abort(connected.rank(), "another ring is formed in the place of this one");
            }
        }

        private void abandon() {
            abandoned = true;
            abortIfAbandoned();
            var unused = formed.thenAcceptAsync(Communicator::close, aside);
        }
    }

    /**
     * Begins to form the ring.
     *
     * @param memory bytes that each rank will allocate in it
     * @param ended called when it stands, or does not come about
     */
    synchronized void prepare(World world, long memory, Runnable ended) {
        abandon(Integer.MAX_VALUE);
        Attempt next = new Attempt(world);
        attempt = next;
        aside.execute(() -> {
            next.form(memory);
            ended.run();
        });
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
     * @throws StepLostException if it is abandoned meanwhile
     * @throws RuntimeException why it did not come about
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
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }
}
