package io.kolo.systemtests;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real workers to which everything happens once, alone or two at a time, in an order and at moments by chance. The run
 * comes to the oracle's bits. {@code -Dkolo.rounds=20} plays so many schedules.
 */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 2, unit = TimeUnit.HOURS)
class SchedulesSystemTest {
    private static final int ROUNDS = Integer.getInteger("kolo.rounds", 1);
    private static final long STEP_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private enum Fault {
        KILL,
        COORDINATOR_KILLED,
        DRAIN
    }

    private static final List<Set<Fault>> EVENTS = List.of(
            EnumSet.of(Fault.KILL),
            EnumSet.of(Fault.COORDINATOR_KILLED),
            EnumSet.of(Fault.DRAIN),
            EnumSet.of(Fault.KILL, Fault.COORDINATOR_KILLED),
            EnumSet.of(Fault.KILL, Fault.DRAIN),
            EnumSet.of(Fault.COORDINATOR_KILLED, Fault.DRAIN));

    @TempDir
    private Path folder;

    @Test
    void shouldComeToTheOraclesBitsWhateverHappens(SplittableRandom random) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Batch whose = random.nextBoolean() ? Batch.OF_ALL : Batch.OF_EACH_WORKER;
            play(new ElasticHarness(Files.createDirectory(folder.resolve("round-" + round))), whose, random);
        }
    }

    private static void play(ElasticHarness job, Batch whose, SplittableRandom random) throws Exception {
        List<Set<Fault>> events = new ArrayList<>(EVENTS);
        Collections.shuffle(events, random);
        try (ElasticRayExecutor executor = job.builder(1, 3).build()) {
            CompletableFuture<List<NavigableMap<Long, Integer>>> run =
                    job.start(executor, whose, (worker, batch) -> {});
            for (Set<Fault> event : events) {
                List<Integer> members = twoThatTrain(job, executor, run);
                Collections.shuffle(members, random);
                LockSupport.parkNanos(random.nextLong(STEP_NS));
                System.out.println(event + " to two of " + members);
                happen(event, executor, members.getFirst(), members.getLast(), run);
            }
            job.assertEqualToTheOracle(whose, job.finish(run));
        }
    }

    private static List<Integer> twoThatTrain(ElasticHarness job, ElasticRayExecutor executor, Future<?> run) {
        while (true) {
            Runs.await("two members", () -> executor.members().size() >= 2, run);
            List<Integer> members = new ArrayList<>(executor.members()); // after some steps all have the state
            job.awaitSteps(run);
            members.retainAll(executor.members());
            if (members.size() >= 2) {
                return members;
            }
        }
    }

    /** Kills one, and has another leave; or one of these alone. */
    private static void happen(
            Set<Fault> event, ElasticRayExecutor executor, int killed, int leaving, CompletableFuture<?> run) {
        event.forEach(fault -> {
            switch (fault) {
                case KILL -> executor.kill(killed);
                case COORDINATOR_KILLED -> executor.killCoordinator();
                case DRAIN -> executor.drain(leaving);
            }
        });
        if (event.contains(Fault.KILL)) {
            Runs.await("recovery", () -> !executor.members().contains(killed), run);
        }
        if (event.contains(Fault.DRAIN)) {
            Runs.await("departure", () -> !executor.members().contains(leaving), run);
        }
    }
}
