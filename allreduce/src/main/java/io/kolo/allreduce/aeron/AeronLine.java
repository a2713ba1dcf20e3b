package io.kolo.allreduce.aeron;

import io.aeron.ExclusivePublication;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The line to a rank. A stream is announced when it is opened, and then every 100 ms only: to one that did not listen
 * yet the first time it takes less to open another, each time after twice as long.
 */
final class AeronLine {
    /** Longer than a connection takes on a machine that is not busy. */
    private static final long REOPEN_NS = TimeUnit.MILLISECONDS.toNanos(30);

    private final DriverDuty duty;
    private final Supplier<ExclusivePublication> stream;
    private volatile ExclusivePublication current;
    private long openedNs = System.nanoTime();
    private long waitNs = REOPEN_NS;
    private boolean heard;

    AeronLine(DriverDuty duty, Supplier<ExclusivePublication> stream) {
        this.duty = duty;
        this.stream = stream;
        this.current = duty.alone(stream);
    }

    ExclusivePublication current() {
        return current;
    }

    /** Returns whether the rank listens; opens the line again if it is time to. */
    boolean isHeard() {
        heard |= current.isConnected();
        if (!heard && System.nanoTime() - openedNs > waitNs && !current.isClosed()) {
            current = duty.alone(() -> {
                current.close();
                return stream.get();
            });
            openedNs = System.nanoTime();
            waitNs *= 2;
        }
        return current.isConnected();
    }
}
