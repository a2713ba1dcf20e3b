package io.kolo.elastic;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Places that lose their workers. After the first loss a place gets another worker at once; after each further one it
 * has to cool down, twice as long as the time before, up to a limit, and up to a quarter longer by chance, so that not
 * all places come back at the same moment.
 */
public final class Blocklist {
    private static final int MOST_DOUBLINGS = 5;
    private static final double JITTER = 0.25;

    private record Place(int losses, long freeNs) {}

    private final Map<String, Place> places = new HashMap<>();
    private final long cooldownNs;
    private final SplittableRandom random;

    /**
     * An empty list.
     *
     * @param cooldown after the second loss
     * @param seed of the jitter
     */
    public Blocklist(Duration cooldown, long seed) {
        this.cooldownNs = cooldown.toNanos();
        this.random = new SplittableRandom(seed);
    }

    /**
     * A place has lost a worker.
     *
     * @return how long it has to cool down, in ns
     */
    public long lost(String place, long nowNs) {
        int losses = places.getOrDefault(place, new Place(0, nowNs)).losses + 1;
        long coolNs = losses == 1
                ? 0
                : (long) ((cooldownNs << Math.min(losses - 2, MOST_DOUBLINGS)) * (1 + random.nextDouble(JITTER)));
        places.put(place, new Place(losses, nowNs + coolNs));
        return coolNs;
    }

    /** Returns whether a place may get a worker. */
    public boolean admits(String place, long nowNs) {
        Place known = places.get(place);
        return known == null || nowNs - known.freeNs >= 0;
    }
}
