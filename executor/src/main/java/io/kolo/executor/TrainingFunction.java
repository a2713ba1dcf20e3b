package io.kolo.executor;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * What {@link RayExecutor#run(TrainingFunction)} runs on each worker: a lambda, which is serialized with all that it
 * captures.
 *
 * @param <R> the result, serializable
 */
@FunctionalInterface
public interface TrainingFunction<R extends @Nullable Object> extends Serializable {
    /**
     * Trains.
     *
     * @param worker this process's place in the job
     * @return what the driver receives
     * @throws Exception to fail the job
     */
    R run(Worker worker) throws Exception;
}
