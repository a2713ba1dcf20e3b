package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.ObjectCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Launches workers and runs training functions on them.
 *
 * <pre>{@code
 * try (var executor = RayExecutor.builder().workers(4).build()) {
 *     executor.start();
 *     List<Double> losses = executor.run(worker -> train(worker));
 * }
 * }</pre>
 *
 * One thread uses an executor; any thread may close it. A JVM that ends takes its workers along.
 */
public final class RayExecutor implements AutoCloseable {
    private static final Set<Integer> FIRST = Set.of(0);

    private final JobHolder holder;

    RayExecutor(JobSettings settings) {
        this.holder = new JobHolder(settings);
    }

    /** Returns a builder with one worker, on the cluster of {@code RAY_ADDRESS} or else on this machine. */
    public static RayExecutorBuilder builder() {
        return new RayExecutorBuilder();
    }

    /**
     * Launches the workers and forms their ring.
     *
     * @throws io.kolo.executor.engine.PlacementException if there is no room for them
     * @throws JobFailedException if a worker did not come up; the others are gone then
     * @throws IllegalStateException if the executor was started before, or the workers did not come up in time
     */
    public void start() {
        holder.start();
    }

    /**
     * Runs a function on each worker and waits for all of them.
     *
     * @param function serialized with all that it captures
     * @return the results by rank
     * @throws IllegalArgumentException if the function captures what is not serializable; nothing has run then
     * @throws JobFailedException if a worker's function throws, a worker is lost, or keeps the others waiting
     * @throws IllegalStateException if a result can't be read here, for instance because its class is missing
     */
    public <R extends @Nullable Object> List<R> run(TrainingFunction<R> function) {
        return join(runAsync(function));
    }

    /**
     * Runs a function on each worker, after the runs that were asked for before.
     *
     * @param function serialized with all that it captures
     * @return the results by rank, each there as soon as its worker returns. When a worker fails or is lost, those that
     *     are not there yet fail with a {@link JobFailedException}. To cancel one closes the executor: what runs on a
     *     worker is the user's code, which need not hear of it.
     * @throws IllegalArgumentException if the function captures what is not serializable; nothing has run then
     */
    public <R extends @Nullable Object> List<CompletableFuture<R>> runAsync(TrainingFunction<R> function) {
        return submit(
                function,
                IntStream.range(0, holder.settings().workers()).boxed().collect(Collectors.toSet()));
    }

    private <R extends @Nullable Object> List<CompletableFuture<R>> submit(
            TrainingFunction<R> function, Set<Integer> ranks) {
        ByteString bytes = ObjectCodec.write(function, "the training function");
        List<CompletableFuture<R>> results = new ArrayList<>();
        for (CompletableFuture<@Nullable Object> result :
                holder.job().submit(name(function), bytes, ranks).values()) {
            @SuppressWarnings("unchecked") // it is what the function returned
            CompletableFuture<R> typed = (CompletableFuture<R>) result;
            var unused = typed.whenComplete((value, error) -> {
                if (typed.isCancelled()) {
                    close();
                }
            });
            results.add(typed);
        }
        return results;
    }

    /** A lambda's class is named for the class that it stands in. */
    static String name(TrainingFunction<?> function) {
        return function instanceof ProgramFunction program
                ? program.className()
                : function.getClass().getName().replaceAll("\\$\\$Lambda.*", "");
    }

    /** Waits for all results; throws what the first one that failed did. */
    private <R extends @Nullable Object> List<R> join(List<CompletableFuture<R>> futures) {
        List<R> results = new ArrayList<>();
        for (CompletableFuture<R> future : futures) {
            results.add(holder.await(future));
        }
        return results;
    }

    /**
     * Launches the workers and builds an object on each of them, which stays there from call to call.
     *
     * @param factory builds the object; called once on each worker
     * @param <E> the object, which never leaves its worker and need not be serializable
     * @throws JobFailedException if a worker did not come up, or its factory throws
     */
    public <E> Workers<E> start(SerializableSupplier<E> factory) {
        return start(worker -> factory.get());
    }

    /**
     * Launches the workers and builds an object on each of them, which stays there from call to call.
     *
     * @param factory builds the object of a worker; called once on each
     * @param <E> the object, which never leaves its worker and need not be serializable
     * @throws JobFailedException if a worker did not come up, or its factory throws
     */
    public <E> Workers<E> start(TrainingFunction<E> factory) {
        start();
        run(new Workers.Build<>(factory));
        return new Workers<>(factory, new Workers.Caller() {
            @Override
            public <R extends @Nullable Object> List<R> all(TrainingFunction<R> function) {
                return run(function);
            }

            @Override
            public <R extends @Nullable Object> R single(TrainingFunction<R> function) {
                return join(submit(function, FIRST)).getFirst();
            }
        });
    }

    /**
     * Runs a program on each worker and waits for all of them.
     *
     * @param programClass name of a class that implements {@link TrainingProgram}
     * @param args its arguments
     * @return the results by rank
     * @throws IllegalArgumentException if there is no such program; nothing has run then
     * @throws JobFailedException if a worker's program throws, or a worker is lost
     */
    public List<@Nullable Object> run(String programClass, List<String> args) {
        return run(new ProgramFunction(programClass, List.copyOf(args)));
    }

    /** Ends the workers: none is left when this returns, nor any of their files. */
    @Override
    public void close() {
        holder.close();
    }
}
