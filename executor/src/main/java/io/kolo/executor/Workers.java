package io.kolo.executor;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Workers that each hold an object of the user's; see {@link RayExecutor#start(SerializableSupplier)}. What one call
 * leaves in the objects, the next one finds.
 *
 * @param <E> the objects
 */
public final class Workers<E> {
    private static final Set<Integer> FIRST = Set.of(0);

    private final RayExecutor executor;

    Workers(RayExecutor executor) {
        this.executor = executor;
    }

    /**
     * Calls each worker's object.
     *
     * @return the results by rank
     * @throws JobFailedException if a call throws, or a worker is lost
     */
    public <T extends @Nullable Object> List<T> execute(ExecutableFunction<E, T> function) {
        return executor.run(new Call<>(function));
    }

    /**
     * Calls the object of rank 0 alone.
     *
     * @throws JobFailedException if the call throws, or any worker is lost
     */
    public <T extends @Nullable Object> T executeSingle(ExecutableFunction<E, T> function) {
        return executor.join(executor.submit(new Call<>(function), FIRST)).getFirst();
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

    /** On a worker: calls its object. */
    record Call<E, T extends @Nullable Object>(ExecutableFunction<E, T> function) implements TrainingFunction<T> {
        @Override
        public T run(Worker worker) throws Exception {
            @SuppressWarnings("unchecked") // built by the executor whose Workers<E> made this call
            E own = (E) Build.executable;
            if (own == null) {
                throw new IllegalStateException("no object was built on this worker");
            }
            return function.call(own);
        }
    }
}
