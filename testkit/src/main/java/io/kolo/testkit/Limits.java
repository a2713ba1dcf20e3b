package io.kolo.testkit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.time.Duration;

/** Limits of time that hold on a machine with nothing else to do, and are as much longer as it has more to do. */
public final class Limits {
    private Limits() {}

    /**
     * Asserts that something took no longer than {@code limit}; prints how long it took.
     *
     * @param what took that long, for the message
     * @param startNs when it began, by {@link System#nanoTime}
     * @param limit for a machine with no more runnable threads than cores
     */
    public static void assertWithin(Duration limit, long startNs, String what) {
        double tookMs = (System.nanoTime() - startNs) / 1e6;
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()
                / Runtime.getRuntime().availableProcessors();
        double allowedMs = limit.toMillis() * Math.max(1, load);
        System.out.printf("%s after %.0f ms (at most %.0f at this load)%n", what, tookMs, allowedMs);
        assertTrue(tookMs <= allowedMs, what + " after " + tookMs + " ms, later than " + allowedMs);
    }
}
