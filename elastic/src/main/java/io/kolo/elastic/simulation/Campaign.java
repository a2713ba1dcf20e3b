package io.kolo.elastic.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Many simulated jobs, one a seed. */
public final class Campaign {
    private final Coverage coverage = new Coverage();
    private final Map<String, Integer> outcomes = new TreeMap<>();

    /**
     * A seed whose job breaks an invariant.
     *
     * @param seed runs it again
     * @param message what does not hold
     */
    public record Failure(long seed, String message) {}

    /**
     * Runs seeds until one fails.
     *
     * @param first the first seed
     * @param count how many
     * @return the one that failed; null if all went well
     */
    public @Nullable Failure run(long first, long count) {
        for (long seed = first; seed < first + count; seed++) {
            try {
                outcomes.merge(new Simulation(seed, coverage, null).run(), 1, Integer::sum);
            } catch (Violation e) {
                return new Failure(seed, e.getMessage());
            } catch (IllegalStateException | IllegalArgumentException e) {
                return new Failure(seed, e.toString()); // what the protocol itself finds impossible
            }
        }
        return null;
    }

    /** Adds what another campaign has counted. */
    public void add(Campaign other) {
        coverage.add(other.coverage);
        other.outcomes.forEach((outcome, count) -> outcomes.merge(outcome, count, Integer::sum));
    }

    /** Returns which fault has met which phase. */
    public Coverage coverage() {
        return coverage;
    }

    /** Returns how many jobs ended how. */
    public Map<String, Integer> outcomes() {
        return outcomes;
    }

    /** Returns what happens in the job of a seed, a line an event, and last how it ends. */
    public static List<String> trace(long seed) {
        List<String> lines = new ArrayList<>();
        try {
            lines.add("ends: " + new Simulation(seed, new Coverage(), lines).run());
        } catch (Violation | IllegalStateException | IllegalArgumentException e) {
            lines.add("VIOLATION " + e.getMessage());
        }
        return lines;
    }
}
