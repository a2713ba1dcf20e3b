package io.kolo.systemtests;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.ElasticState;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import io.kolo.executor.WorkerFailedException;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A loop of the user's own, in which a sum is kept that no loss and no join may change. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ElasticStateSystemTest {
    private static final int STEPS = 400;
    private static final int ITEMS = 60;

    @TempDir
    private Path folder;

    /** Of all steps, each of all items, whoever adds them up. */
    private static long expected() {
        long sum = 0;
        for (long step = 0; step < STEPS; step++) {
            for (long item = 0; item < ITEMS; item++) {
                sum += step * item;
            }
        }
        return sum;
    }

    /** Returns the sum, what the handler kept, and how often the loop was begun again. */
    private static List<Long> train(Worker worker, String flag) throws Exception {
        long[] kept = {0};
        long[] resets = {0};
        ElasticState state = new ElasticState()
                .value("step", 0)
                .value("sum", new long[1])
                .handler("kept", new ElasticState.Handler() {
                    @Override
                    public byte[] save() {
                        return Long.toString(kept[0]).getBytes(US_ASCII);
                    }

                    @Override
                    public void load(byte[] bytes) {
                        kept[0] = Long.parseLong(new String(bytes, US_ASCII));
                    }
                })
                .onReset(() -> resets[0]++);
        state.train(worker, member -> {
            while (state.get("step", Integer.class) < STEPS) {
                step(state, member, kept, flag);
            }
        });
        return List.of(state.get("sum", long[].class)[0], kept[0], resets[0]);
    }

    private static void step(ElasticState state, Worker member, long[] kept, String flag) {
        int step = state.get("step", Integer.class);
        long[] part = new long[1];
        for (long item = member.rank(); item < ITEMS; item += member.size()) {
            part[0] += step * item;
        }
        if (!Files.exists(Path.of(flag))) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50)); // a step's work
        }
        member.communicator().allReduce(MemorySegment.ofArray(part), DataType.I64, ReduceOp.SUM);
        state.get("sum", long[].class)[0] += part[0];
        kept[0]++;
        state.set("step", step + 1);
        if (step % 10 == 3) {
            state.checkHostUpdates();
        }
        state.commit();
        if (step % 10 == 7) {
            state.get("sum", long[].class)[0] = -1;
            state.restore();
        }
        if (step % 10 == 8) {
            kept[0] -= member.rank();
            state.sync();
        }
    }

    @Test
    void shouldReturnToItsLastCommitThroughAKillAJoinAndADeparture(SplittableRandom random) throws Exception {
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(1)
                .maxWorkers(3)
                .cooldown(Duration.ofMillis(1))
                .jvmArg(Runs.QUICK_START)
                .build()) {
            executor.start();
            String flag = folder.resolve("go").toString();
            CompletableFuture<List<List<Long>>> run =
                    CompletableFuture.supplyAsync(() -> executor.run(worker -> train(worker, flag)));
            Runs.await("three members", () -> executor.members().size() == 3, run);
            int victim = executor.members().get(random.nextInt(3));
            executor.kill(victim);
            Runs.await("recovery", () -> !executor.members().contains(victim), run);
            Runs.await("joiner", () -> executor.members().size() == 3, run);
            int leaving = executor.members().get(random.nextInt(3));
            executor.drain(leaving);
            Runs.await("departure", () -> !executor.members().contains(leaving), run);
            Files.createFile(folder.resolve("go"));
            List<List<Long>> results = run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS);
            for (List<Long> result : results) {
                assertEquals(expected(), result.get(0));
                assertEquals(STEPS, result.get(1));
            }
            assertTrue(results.stream().anyMatch(result -> result.get(2) >= 2), results.toString());
        }
    }

    @Test
    void shouldRunInAFixedJobAndSayWhatTheLoopThrows() throws IOException {
        String flag = Files.createFile(folder.resolve("go")).toString();
        try (RayExecutor executor = Runs.quickStart().workers(2).build()) {
            executor.start();
            List<List<Long>> results = executor.run(worker -> train(worker, flag));
            assertEquals(
                    List.of(List.of(expected(), (long) STEPS, 0L), List.of(expected(), (long) STEPS, 0L)), results);
            WorkerFailedException error = assertThrows(
                    WorkerFailedException.class,
                    () -> executor.run(worker -> {
                        new ElasticState().train(worker, member -> {
                            throw new IOException("no such file");
                        });
                        return 0;
                    }));
            assertTrue(error.toString().contains("java.io.IOException: no such file"), error.toString());
        }
    }

    @Test
    void shouldRefuseValuesThatItCannotCarry() {
        ElasticState state = new ElasticState().value("step", 0);
        assertThrows(IllegalArgumentException.class, () -> state.value("list", List.of(1)));
        assertThrows(IllegalArgumentException.class, () -> state.set("step", 1L));
        assertThrows(IllegalArgumentException.class, () -> state.set("stop", 1));
        assertThrows(IllegalArgumentException.class, () -> state.get("step", Long.class));
        assertInstanceOf(Integer.class, state.get("step", Integer.class));
        assertThrows(IllegalStateException.class, state::commit);
    }
}
