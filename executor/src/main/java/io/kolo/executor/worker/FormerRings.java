package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.HostParts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The rings before the one that is trained in, which are closed beside the training: to unmap memory, and to make what
 * the next ring will need, takes longer than to form a ring. For the thread that trains.
 */
final class FormerRings implements AutoCloseable {
    private final HostParts parts;
    private final List<Communicator> rings = new ArrayList<>();
    private final ExecutorService aside = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("kolo-aside").factory());

    /** The ring in whose place those before are still to be closed. */
    private @Nullable Communicator successor;

    /** While it is not done, no other thread may use rings and parts. */
    private Future<?> cleared = CompletableFuture.completedFuture(null);

    FormerRings(HostParts parts) {
        this.parts = parts;
    }

    /** Returns the thread beside the training: while it is at work with the parts, rings are not closed. */
    Executor aside() {
        return aside;
    }

    /** There will be another ring in the place of this one. */
    void add(Communicator ring) {
        rings.add(ring);
    }

    /** Not in the place of this one. */
    void remove(Communicator ring) {
        rings.remove(ring);
    }

    /** This ring is in the place of all that were added: nobody uses those any more. */
    void succeededBy(Communicator ring) {
        successor = ring;
    }

    /**
     * Closes rings beside the training, if there are any to close. Called when the others do not wait for this rank.
     */
    void clearAside() {
        Communicator next = successor;
        if (next != null) {
            successor = null;
            cleared = aside.submit(() -> {
                closeAll();
                prepare(next);
            });
        }
    }

    private void prepare(Communicator next) {
        if (next.sharesMemory() && next.rank() <= 1) { // one of them is rank 0 of the ring after it, as a rule
            parts.prepareMeeting(next.size() + 1);
        }
    }

    private void closeAll() {
        rings.forEach(Communicator::close);
        rings.clear();
        parts.trim();
    }

    /** Waits until nothing is done aside any more, and the parts are free for the next ring. */
    void awaitCleared() {
        try {
            cleared.get();
            if (successor != null) { // its ring has broken before its first step
                successor = null;
                closeAll();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while it closed the ring before", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the ring before could not be closed", e.getCause());
        }
    }

    @Override
    public void close() {
        aside.close();
        closeAll();
    }
}
