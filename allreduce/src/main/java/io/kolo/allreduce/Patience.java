package io.kolo.allreduce;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/** How a rank waits for others: for how long, how busily, and what it is told meanwhile. */
final class Patience {
    private final Ring ring;
    private final long timeoutNs;
    private final int spins;
    private final IdleStrategy idle;
    private final @Nullable Patience whole;
    private volatile @Nullable CollectiveAbortedException told;
    private @Nullable Runnable sign;

    /**
     * Waits for the ranks of a World, or of a part of one.
     *
     * @param whole that of the World; what it is told counts here, too
     */
    Patience(Ring ring, Duration timeout, @Nullable Patience whole) {
        this.ring = ring;
        this.whole = whole;
        this.timeoutNs = timeout.toNanos();
        // More ranks than cores: who spins keeps the one from running that it waits for, and who yields lets it (four
        // ranks on two cores: 7 us for 1 KiB, and 9 if they spin 20 times). Else two that are on one core stay there
        // while they yield, and who sleeps is woken on a free one.
        boolean crowded = ring.size() > Runtime.getRuntime().availableProcessors();
        this.spins = crowded ? 5 : 1000;
        this.idle = new BackoffIdleStrategy(
                spins, crowded ? 1000 : 1, TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MICROSECONDS.toNanos(100));
    }

    /** Has a sign given again and again while this rank waits, or moves on, for those that wait for it meanwhile. */
    void signWith(Runnable sign) {
        this.sign = sign;
    }

    /** Ends this wait and all further ones; any thread may call it, and only the first call counts. */
    void tell(int culprit, String reason) {
        if (told == null) {
            told = aborted(culprit, reason);
        }
    }

    CollectiveAbortedException aborted(int culprit, String what) {
        return new CollectiveAbortedException(
                "generation " + ring.generation() + ": rank " + culprit + " " + what, culprit);
    }

    /** Returns why there is no use in waiting, or null. */
    @Nullable
    CollectiveException reasonToStop() {
        if (told != null) {
            return told;
        }
        if (whole != null && whole.reasonToStop() != null) {
            return whole.reasonToStop();
        }
        return Thread.currentThread().isInterrupted() ? aborted(ring.inWorld(), "was interrupted") : null;
    }

    /** Returns that of a part of these ranks. */
    Patience of(Ring part) {
        return new Patience(part, Duration.ofNanos(timeoutNs), this);
    }

    boolean isOver(long waitedNs) {
        return waitedNs > timeoutNs;
    }

    /** A turn of waiting in vain: first spinning, then yielding, then parking. */
    void idle() {
        giveSign();
        idle.idle();
    }

    private void giveSign() {
        if (sign != null) {
            sign.run();
        }
    }

    /** Returns whether the turn after so many others is more than a spin: who sleeps may look around each time. */
    boolean isLong(int turns) {
        return turns >= spins;
    }

    /** What was waited for has come. */
    void reset() {
        giveSign();
        idle.reset();
    }
}
