package io.kolo.executor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Workers that each hold an object of the user's; see {@link RayExecutor#start(SerializableSupplier)} and
 * {@link ElasticRayExecutor#start(SerializableSupplier)}. What one call leaves in the objects, the next one finds.
 *
 * @param <E> the objects
 */
public final class Workers<E> {
    private final TrainingFunction<E> factory;
    private final Caller caller;

    Workers(TrainingFunction<E> factory, Caller caller) {
        this.factory = factory;
        this.caller = caller;
    }

    /** Runs functions on workers, and waits for what they return. */
    interface Caller {
        /** On each worker. */
        <R extends @Nullable Object> List<R> all(TrainingFunction<R> function);

        /** On one. */
        <R extends @Nullable Object> R single(TrainingFunction<R> function);
    }

    /**
     * Calls each worker's object.
     *
     * @return the results by rank; in an elastic job by the workers' numbers
     * @throws JobFailedException if a call throws, or a worker is lost before it has answered. An elastic job goes on
     *     after a loss, and the worker is replaced by one with a new object
     */
    public <T extends @Nullable Object> List<T> execute(ExecutableFunction<E, T> function) {
        return caller.all(new Call<>(factory, function));
    }

    /**
     * Calls the object of rank 0 alone; in an elastic job that of the worker with the lowest number.
     *
     * @throws JobFailedException if the call throws, or the worker is lost before it has answered; in a job of fixed
     *     workers, if any is
     */
    public <T extends @Nullable Object> T executeSingle(ExecutableFunction<E, T> function) {
        return caller.single(new Call<>(factory, function));
    }

    /** On a worker: builds its object. A worker process serves one executor, and so has one object. */
    record Build<E>(TrainingFunction<E> factory) implements TrainingFunction<@Nullable Object> {
        private static @Nullable Object executable;

        @Override
        public @Nullable Object run(Worker worker) throws Exception {
            executable = factory.run(worker);
            return null;
        }
    }

    /** On a worker: calls its object; one that came later than the others builds it first. */
    record Call<E, T extends @Nullable Object>(TrainingFunction<E> factory, ExecutableFunction<E, T> function)
            implements TrainingFunction<T> {
        @Override
        public T run(Worker worker) throws Exception {
            if (Build.executable == null) {
                var unused = new Build<>(factory).run(worker);
            }
            @SuppressWarnings("unchecked") // built by the executor whose Workers<E> made this call
            E own = (E) Build.executable;
            if (own == null) {
                throw new IllegalStateException("the factory has built nothing on this worker");
            }
            return function.call(own);
        }
    }
}
