package io.kolo.elastic.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.elastic.simulation.Campaign.Failure;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CampaignTest {
    private static final long SEEDS = 2000;

    /** What cannot be: where there is no coordinator, nothing can happen to it. */
    private static final Set<String> IMPOSSIBLE = Set.of(
            "COORDINATOR_KILLED in LEADERLESS",
            "COORDINATOR_STOPPED in LEADERLESS",
            "COORDINATOR_DOUBLED in LEADERLESS");

    @Test
    void shouldHoldAllInvariantsInEachSeedAndMeetEachFaultInEachPhase() {
        Campaign campaign = new Campaign();
        Failure failure = campaign.run(1, SEEDS);
        System.out.println(campaign.coverage());
        System.out.println(campaign.outcomes());
        assertEquals(null, failure, () -> String.join("\n", Campaign.trace(failure == null ? 0 : failure.seed())));
        assertEquals(
                new TreeSet<>(IMPOSSIBLE), new TreeSet<>(campaign.coverage().empty()));
        assertTrue(campaign.outcomes().getOrDefault("done", 0) > SEEDS * 9 / 10, "most jobs come to their end");
    }

    @Test
    void shouldCountTheSameInPartsAsInOne() {
        Campaign whole = new Campaign();
        Campaign parts = new Campaign();
        Campaign other = new Campaign();
        assertEquals(null, whole.run(1, 40));
        assertEquals(null, parts.run(1, 15));
        assertEquals(null, other.run(16, 25));
        parts.add(other);
        assertEquals(whole.coverage().toString(), parts.coverage().toString());
        assertEquals(whole.outcomes(), parts.outcomes());
    }

    @Test
    void shouldReplayASeedLineByLine() {
        List<String> once = Campaign.trace(7);
        assertTrue(once.size() > 10, once.toString());
        assertEquals(once, Campaign.trace(7));
    }
}
