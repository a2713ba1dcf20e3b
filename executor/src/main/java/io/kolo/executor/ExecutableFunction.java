package io.kolo.executor;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A call of an object that lives on a worker.
 *
 * @param <E> the object
 * @param <T> the result, serializable
 */
@FunctionalInterface
public interface ExecutableFunction<E, T extends @Nullable Object> extends Serializable {
    /**
     * Calls the object.
     *
     * @param executable this worker's
     * @return what the driver receives
     * @throws Exception to fail the job
     */
    T call(E executable) throws Exception;
}
