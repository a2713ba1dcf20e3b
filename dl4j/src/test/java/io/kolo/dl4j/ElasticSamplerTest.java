package io.kolo.dl4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Seeded;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.DataSet;

@Seeded
class ElasticSamplerTest {
    private static final int EPOCHS = 3;

    private static DataSet nothing(int[] indices) {
        throw new AssertionError("not asked for samples");
    }

    @RepeatedTest(20)
    void shouldDealEachSampleOnceAnEpochWhoeverComesAndGoes(SplittableRandom random) {
        int samples = random.nextInt(1, 200);
        int batch = random.nextInt(1, 40);
        boolean perWorker = random.nextBoolean();
        ElasticSampler sampler = perWorker
                ? ElasticSampler.perWorker(samples, batch, 5, ElasticSamplerTest::nothing)
                : new ElasticSampler(samples, batch, 5, ElasticSamplerTest::nothing);
        List<Integer> seen = new ArrayList<>();
        while (!sampler.isOver(seen.size(), EPOCHS)) {
            long dealt = seen.size();
            int size = random.nextInt(1, 6);
            for (int rank = 0; rank < size; rank++) {
                IntStream.of(sampler.indices(dealt, rank, size)).forEach(seen::add);
            }
            int length = (int) (seen.size() - dealt);
            assertEquals(sampler.length(dealt, size), length);
            boolean endsEpoch = seen.size() % samples == 0;
            assertTrue(endsEpoch || length == (perWorker ? batch * size : batch), "a step of " + length);
        }
        assertEquals(EPOCHS * samples, seen.size());
        List<Integer> all = IntStream.range(0, samples).boxed().toList();
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            assertEquals(
                    all,
                    seen.subList(epoch * samples, (epoch + 1) * samples).stream()
                            .sorted()
                            .toList());
        }
    }

    @Test
    void shouldHaveFewerStepsWithMoreWorkersWhenTheBatchIsTheirs() {
        ElasticSampler global = new ElasticSampler(100, 32, 5, ElasticSamplerTest::nothing);
        ElasticSampler perWorker = ElasticSampler.perWorker(100, 32, 5, ElasticSamplerTest::nothing);
        assertEquals(4, global.stepsPerEpoch(3));
        assertEquals(4, perWorker.stepsPerEpoch(1));
        assertEquals(2, perWorker.stepsPerEpoch(3));
        assertEquals(1, perWorker.stepsPerEpoch(1 << 30));
    }

    @Test
    void shouldRefuseAnEmptyStep() {
        assertThrows(IllegalArgumentException.class, () -> new ElasticSampler(10, 0, 5, ElasticSamplerTest::nothing));
        assertThrows(
                IllegalArgumentException.class, () -> ElasticSampler.perWorker(0, 10, 5, ElasticSamplerTest::nothing));
    }
}
