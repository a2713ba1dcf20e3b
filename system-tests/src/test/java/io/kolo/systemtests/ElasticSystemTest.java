package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.dl4j.DistributedNetwork;
import io.kolo.dl4j.ElasticSampler;
import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.ElasticRayExecutorBuilder;
import io.kolo.executor.JobGivenUpException;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.executor.RayExecutor;
import io.kolo.executor.Worker;
import io.kolo.executor.WorkerFailedException;
import io.kolo.testkit.Leftovers;
import io.kolo.testkit.Seeded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Real workers that are killed, stopped, hang and leave, while a network with dropout is trained on. */
@Seeded
@ExtendWith(Leftovers.class)
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class ElasticSystemTest {
    private static final int SAMPLES = 330;
    private static final int BATCH = 32;
    private static final int EPOCHS = 60;
    private static final long SEED = 7;
    private static final Duration PATIENT = Duration.ofSeconds(90);

    /** There is time for what a test has in store: until then each step takes a while. */
    @TempDir
    private Path folder;

    private final Ledger ledger = new Ledger();

    /** What the job says of itself. */
    private static final class Ledger implements JobListener {
        private record Generation(List<Integer> workers, long after) {}

        private final List<Generation> generations = new CopyOnWriteArrayList<>();
        private final List<String> lost = new CopyOnWriteArrayList<>();
        private final Map<Integer, Long> pids = new ConcurrentHashMap<>();

        @Override
        public void onGeneration(int generation, List<Integer> workers, long step) {
            System.out.println("generation " + generation + " " + workers + " after step " + step);
            generations.add(new Generation(List.copyOf(workers), step));
        }

        @Override
        public void onLost(int worker, String reason) {
            lost.add(worker + " " + reason);
        }

        @Override
        public void onProgress(Progress progress) {
            pids.put(progress.rank(), progress.metrics().get("pid").longValue());
        }

        /** For the first step of each generation that counts, its number of ranks. */
        NavigableMap<Long, Integer> sizes() {
            NavigableMap<Long, Integer> sizes = new TreeMap<>();
            for (Generation generation : generations) {
                sizes.tailMap(generation.after + 1, true).clear(); // it cuts off what earlier ones did from there on
                sizes.put(generation.after + 1, generation.workers.size());
            }
            return sizes;
        }
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .updater(new Adam(1e-3))
                .activation(Activation.TANH)
                .l2(1e-4)
                .list()
                .layer(new DenseLayer.Builder().nIn(8).nOut(24).build())
                .layer(new DenseLayer.Builder().nIn(24).nOut(24).dropOut(0.8).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(24)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }

    /** Samples are made from their numbers. */
    private static DataSet batch(int[] indices) {
        INDArray features = Nd4j.create(DataType.FLOAT, indices.length, 8);
        INDArray labels = Nd4j.create(DataType.FLOAT, indices.length, 3);
        for (int i = 0; i < indices.length; i++) {
            SplittableRandom random = new SplittableRandom(indices[i]);
            double sum = 0;
            for (int j = 0; j < 8; j++) {
                double value = random.nextDouble(-1, 1);
                features.putScalar(i, j, value);
                sum += value;
            }
            labels.putScalar(i, sum < -0.5 ? 0 : sum < 0.5 ? 1 : 2, 1);
        }
        return new DataSet(features, labels);
    }

    private interface Hook extends java.io.Serializable {
        void beforeBatch(Worker worker, int batch);
    }

    private static float[] train(Worker worker, String flag, Hook hook) {
        MultiLayerNetwork network = network();
        int[] batches = {0};
        ElasticSampler sampler = new ElasticSampler(SAMPLES, BATCH, SEED, indices -> {
            hook.beforeBatch(worker, batches[0]++);
            if (!Files.exists(Path.of(flag))) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100)); // a step's work
            }
            return batch(indices);
        });
        double pid = ProcessHandle.current().pid();
        long steps = (long) EPOCHS * sampler.stepsPerEpoch();
        DistributedNetwork.of(network, worker)
                .fit(sampler, EPOCHS, step -> worker.report(step.number(), steps + 1, Map.of("pid", pid)));
        return network.params().toFloatVector();
    }

    private CompletableFuture<List<float[]>> start(ElasticRayExecutor executor, Hook hook) {
        executor.start();
        String flag = folder.resolve("go").toString();
        return CompletableFuture.supplyAsync(() -> executor.run(worker -> train(worker, flag, hook)));
    }

    private static void await(String what, BooleanSupplier condition, CompletableFuture<?> run) {
        long deadlineNs = System.nanoTime() + PATIENT.toNanos();
        while (!condition.getAsBoolean()) {
            assertFalse(run.isDone(), () -> "the run is over, and still no " + what + ": " + run);
            assertTrue(System.nanoTime() - deadlineNs < 0, "no " + what);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** The rest may be fast. */
    private List<float[]> finish(CompletableFuture<List<float[]>> run) throws Exception {
        Files.createFile(folder.resolve("go"));
        return run.get(PATIENT.toSeconds(), TimeUnit.SECONDS);
    }

    private ElasticRayExecutorBuilder builder(int least, int most) {
        return ElasticRayExecutor.builder()
                .minWorkers(least)
                .maxWorkers(most)
                .cooldown(Duration.ofMillis(1))
                .listener(ledger);
    }

    private void assertEqualToTheOracle(List<float[]> results) {
        for (float[] result : results) {
            assertArrayEquals(results.getFirst(), result, "all ranks have the same bits");
        }
        NavigableMap<Long, Integer> sizes = ledger.sizes();
        System.out.println("ledger " + sizes + ", digest " + LedgerOracle.digest(results.getFirst()));
        assertArrayEquals(oracle(sizes), results.getFirst(), "what the ledger says");
    }

    /** In a worker's JVM, since other numbers of threads give other bits. */
    private static float[] oracle(NavigableMap<Long, Integer> sizes) {
        try (RayExecutor executor = RayExecutor.builder().listener(new Ledger()).build()) {
            executor.start();
            return executor.run(worker -> new LedgerOracle(SAMPLES, BATCH, SEED, ElasticSystemTest::batch)
                            .train(network(), EPOCHS, sizes))
                    .getFirst();
        }
    }

    @Test
    void shouldComeToTheOraclesBitsThroughAKillAJoinAndADeparture(SplittableRandom random) throws Exception {
        try (ElasticRayExecutor executor = builder(2, 3).build()) {
            CompletableFuture<List<float[]>> run = start(executor, (worker, batch) -> {});
            await("three members", () -> executor.members().size() == 3, run);
            int victim = executor.members().get(random.nextInt(3));
            executor.kill(victim);
            await("recovery", () -> !executor.members().contains(victim), run);
            await("joiner", () -> executor.members().size() == 3, run);
            int leaving = executor.members().get(random.nextInt(3));
            int before = ledger.generations.size();
            executor.drain(leaving);
            await("departure", () -> !executor.members().contains(leaving), run);
            List<float[]> results = finish(run);
            assertTrue(ledger.generations.size() > before);
            assertEquals(1, ledger.lost.size(), ledger.lost.toString());
            assertTrue(ledger.lost.getFirst().contains("was killed by signal 9"), ledger.lost.toString());
            assertEqualToTheOracle(results);
        }
    }

    @Test
    void shouldGoOnWithoutOneThatIsStoppedForEver() throws Exception {
        try (ElasticRayExecutor executor = builder(1, 2).build()) {
            CompletableFuture<List<float[]>> run = start(executor, (worker, batch) -> {});
            await("two members", () -> executor.members().size() == 2, run);
            await("progress of both", () -> ledger.pids.size() == 2, run);
            int stopped = executor.members().get(1);
            new ProcessBuilder("kill", "-STOP", String.valueOf(ledger.pids.get(1)))
                    .start()
                    .waitFor();
            await("eviction", () -> !executor.members().contains(stopped), run);
            assertEqualToTheOracle(finish(run));
        }
    }

    @Test
    void shouldGoOnWithoutOneWhoseCodeHangs() throws Exception {
        try (ElasticRayExecutor executor =
                builder(1, 2).collectiveTimeout(Duration.ofSeconds(2)).build()) {
            CompletableFuture<List<float[]>> run = start(executor, (worker, batch) -> {
                if (batch == 30 && worker.rank() == 1 && worker.size() == 2 && worker.generation() <= 2) {
                    LockSupport.parkNanos(TimeUnit.HOURS.toNanos(1));
                }
            });
            await("two members", () -> executor.members().size() == 2, run);
            int hanging = executor.members().get(1);
            await("eviction", () -> !executor.members().contains(hanging), run);
            assertEqualToTheOracle(finish(run));
        }
    }

    @Test
    void shouldSayThatTheStateIsLostWhenAllMembersAre() throws Exception {
        try (ElasticRayExecutor executor = builder(2, 2).build()) {
            CompletableFuture<List<float[]>> run = start(executor, (worker, batch) -> {});
            await("progress of both", () -> ledger.pids.size() == 2, run);
            executor.members().forEach(executor::kill);
            JobGivenUpException error = assertInstanceOf(JobGivenUpException.class, failure(run));
            assertTrue(error.toString().contains("all workers that held the training's state are lost"));
        }
    }

    @Test
    void shouldFailWithWhatTheUsersCodeThrows() throws Exception {
        try (ElasticRayExecutor executor = builder(1, 2).build()) {
            CompletableFuture<List<float[]>> run = start(executor, (worker, batch) -> {
                if (batch == 10) {
                    throw new IllegalStateException("no such sample");
                }
            });
            WorkerFailedException error = assertInstanceOf(WorkerFailedException.class, failure(run));
            assertTrue(error.toString().contains("no such sample"), error.toString());
        }
    }

    private static Throwable failure(CompletableFuture<?> run) throws InterruptedException, TimeoutException {
        ExecutionException error = null;
        try {
            run.get(PATIENT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            error = e;
        }
        assertTrue(error != null, "it fails");
        return error.getCause();
    }

    @Test
    void shouldRunAFunctionThatDoesNotTrainOnAllWorkersAndASecondTrainingAfterTheFirst() throws IOException {
        Files.createFile(folder.resolve("go"));
        String flag = folder.resolve("go").toString();
        try (ElasticRayExecutor executor = builder(2, 2).build()) {
            executor.start();
            List<Long> pids = executor.run(worker -> ProcessHandle.current().pid());
            assertEquals(2, new ArrayList<>(pids).stream().distinct().count(), pids.toString());
            float[] first =
                    executor.run(worker -> train(worker, flag, (w, b) -> {})).getFirst();
            float[] second =
                    executor.run(worker -> train(worker, flag, (w, b) -> {})).getFirst();
            assertArrayEquals(first, second);
            assertThrows(IllegalArgumentException.class, () -> executor.run(worker -> ledger));
        }
    }
}
