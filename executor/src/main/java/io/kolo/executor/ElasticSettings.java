package io.kolo.executor;

import io.kolo.elastic.ElasticRules;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an elastic job is given beside what all jobs are; {@link ElasticRayExecutorBuilder} has the words.
 *
 * @param rules who may be in the ring
 * @param spares how many workers are launched beyond those that train
 * @param cooldown how long a place that has lost a second worker gets no other
 * @param discovery says where workers may be; null if that is the engine's to say
 */
record ElasticSettings(
        ElasticRules rules,
        int spares,
        Duration cooldown,
        @Nullable HostDiscovery discovery) {
    /** Returns how many workers are launched, if there is room. */
    int workers() {
        return rules.maxWorkers() + spares;
    }
}
