package io.kolo.executor;

import java.io.Serializable;

/**
 * Builds an object on a worker.
 *
 * @param <E> the object
 */
@FunctionalInterface
public interface SerializableSupplier<E> extends Serializable {
    /**
     * Builds the object.
     *
     * @throws Exception to fail the job
     */
    E get() throws Exception;
}
