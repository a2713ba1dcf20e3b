package io.kolo.systemtests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import io.kolo.dl4j.DistributedNetwork;
import io.kolo.dl4j.ElasticSampler;
import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.Worker;
import io.kolo.systemtests.ElasticTraining.Batch;
import io.kolo.testkit.Leftovers;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The oracle notices what it is there for: faults in what two ranks are given, and in the ledger. */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class OracleSystemTest {
    private static final int EPOCHS = 2;
    private static final int FAULTY_BATCH = 7;
    private static final NavigableMap<Long, Integer> SIZES = new TreeMap<>(Map.of(1L, 2));

    /** What one rank does wrong, in one step. */
    private enum Fault {
        SAMPLE_DROPPED,
        SAMPLE_DOUBLED,
        ORDER_CHANGED,
        STEP_DOUBLED
    }

    private static NavigableMap<Long, Integer> train(Worker worker, String fault) {
        MultiLayerNetwork network = ElasticTraining.network();
        int[] batches = {0};
        int[][] before = {{}};
        ElasticSampler sampler = new ElasticSampler(ElasticTraining.SAMPLES, 32, ElasticTraining.SEED, indices -> {
            int[] given =
                    batches[0]++ == FAULTY_BATCH && worker.rank() == 1 ? wrong(fault, indices, before[0]) : indices;
            before[0] = indices;
            return ElasticTraining.batch(given);
        });
        NavigableMap<Long, Integer> digests = new TreeMap<>();
        DistributedNetwork.of(network, worker)
                .fit(sampler, EPOCHS, step -> digests.put(step.number(), LedgerOracle.digest(network)));
        return digests;
    }

    private static int[] wrong(String fault, int[] indices, int[] before) {
        int[] wrong = indices.clone();
        switch (Fault.valueOf(fault)) {
            case SAMPLE_DROPPED -> wrong = Arrays.copyOf(indices, indices.length - 1);
            case SAMPLE_DOUBLED -> wrong[0] = wrong[1];
            case ORDER_CHANGED -> {
                wrong[0] = indices[1];
                wrong[1] = indices[0];
            }
            case STEP_DOUBLED -> wrong = before;
        }
        return wrong;
    }

    @Test
    void shouldKnowNothingOfKolo() {
        ArchRuleDefinition.noClasses()
                .should()
                .dependOnClassesThat(resideInAPackage("io.kolo..").and(not(equivalentTo(LedgerOracle.class))))
                .check(new ClassFileImporter().importClasses(LedgerOracle.class));
    }

    @Test
    void shouldNoticeAFaultInAStep() {
        NavigableMap<Long, Integer> expected = ElasticTraining.oracle(Batch.OF_ALL, SIZES, EPOCHS);
        long first = FAULTY_BATCH; // the first batch of all is the rehearsal's
        try (ElasticRayExecutor executor = ElasticRayExecutor.builder()
                .minWorkers(2)
                .maxWorkers(2)
                .jvmArg(Runs.QUICK_START)
                .build()) {
            executor.start();
            for (Fault fault : Fault.values()) {
                String name = fault.name();
                NavigableMap<Long, Integer> digests =
                        executor.run(worker -> train(worker, name)).getFirst();
                assertEquals(expected.headMap(first), digests.headMap(first), name);
                for (long step = first; step <= expected.lastKey(); step++) {
                    assertNotEquals(expected.get(step), digests.get(step), name + " after step " + step);
                }
            }
        }
    }

    @Test
    void shouldNoticeALedgerThatIsWrong() {
        NavigableMap<Long, Integer> expected = ElasticTraining.oracle(Batch.OF_ALL, SIZES, EPOCHS);
        NavigableMap<Long, Integer> wrong =
                ElasticTraining.oracle(Batch.OF_ALL, new TreeMap<>(Map.of(1L, 2, 9L, 3, 10L, 2)), EPOCHS);
        assertEquals(expected.headMap(9L), wrong.headMap(9L));
        assertNotEquals(expected.get(9L), wrong.get(9L));
    }
}
