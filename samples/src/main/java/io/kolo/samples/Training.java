package io.kolo.samples;

import io.kolo.dl4j.DistributedNetwork;
import io.kolo.dl4j.ElasticSampler;
import io.kolo.executor.Worker;
import java.util.HashMap;
import java.util.Map;

/** What the lessons have in common: epochs over images, a report at each step, the accuracy at the end. */
final class Training {
    private Training() {}

    static double train(DistributedNetwork network, Images images, Worker worker, SampleOptions options) {
        Images train = images.train();
        ElasticSampler sampler = new ElasticSampler(train.size(), options.batchSize(), options.seed(), train::batch);
        long total = (long) options.epochs() * train.size();
        Map<String, Double> metrics = new HashMap<>();
        network.fit(sampler, options.epochs(), step -> {
            long inEpoch = ((step.number() - 1) % sampler.stepsPerEpoch(worker.size()) + 1) * options.batchSize();
            metrics.put("loss", step.loss());
            worker.report((long) step.epoch() * train.size() + Math.min(inEpoch, train.size()), total, metrics);
        });
        double accuracy = network.accuracy(images.test().shard(worker.rank(), worker.size(), options.batchSize()));
        metrics.put("accuracy", accuracy);
        worker.report(total, total, metrics);
        return accuracy;
    }
}
