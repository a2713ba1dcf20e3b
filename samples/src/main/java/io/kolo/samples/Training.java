package io.kolo.samples;

import io.kolo.dl4j.DistributedNetwork;
import io.kolo.executor.Worker;
import java.util.HashMap;
import java.util.Map;

/** What the lessons have in common: epochs over shuffled images, a report at each step, the accuracy at the end. */
final class Training {
    private Training() {}

    static double train(DistributedNetwork network, Images images, Worker worker, SampleOptions options) {
        Images train = images.train();
        long total = (long) options.epochs() * train.size();
        long[] seen = {0};
        Map<String, Double> metrics = new HashMap<>();
        double accuracy = 0;
        for (int epoch = 0; epoch < options.epochs(); epoch++) {
            Images shuffled = train.shuffled(options.seed() + epoch);
            network.fit(shuffled.shard(worker.rank(), worker.size(), options.batchSize()), 1, step -> {
                seen[0] += step.samples();
                metrics.put("loss", step.loss());
                worker.report(seen[0], total, metrics);
            });
            accuracy = network.accuracy(images.test().shard(worker.rank(), worker.size(), options.batchSize()));
            metrics.put("accuracy", accuracy);
            worker.report(seen[0], total, metrics);
        }
        return accuracy;
    }
}
