package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.ObjectCodec;
import io.kolo.executor.control.WorkerEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Launches workers and runs training functions that go on when workers come and go.
 *
 * <pre>{@code
 * try (var executor = ElasticRayExecutor.builder().minWorkers(2).maxWorkers(4).build()) {
 *     executor.start();
 *     List<Double> losses = executor.run(worker -> train(worker));
 * }
 * }</pre>
 *
 * A worker that is lost is replaced; one that comes is given the same function, and joins where it calls
 * {@link Worker#train}, as {@code DistributedNetwork.fit} does. One thread uses an executor; any thread may close it.
 */
public final class ElasticRayExecutor implements AutoCloseable {
    private final JobHolder holder;

    ElasticRayExecutor(JobSettings settings) {
        this.holder = new JobHolder(settings);
    }

    /** Returns a builder with one worker, on the cluster of {@code RAY_ADDRESS} or else on this machine. */
    public static ElasticRayExecutorBuilder builder() {
        return new ElasticRayExecutorBuilder();
    }

    /**
     * Launches the workers, and waits for the least number of them.
     *
     * @throws io.kolo.executor.engine.PlacementException if there is no room for them
     * @throws JobFailedException if a worker did not come up; the others are gone then
     * @throws IllegalStateException if the executor was started before, or the workers did not come up in time
     */
    public void start() {
        holder.start();
    }

    /**
     * Runs a function on each worker, also on each that comes meanwhile, and waits for the members of the last
     * generation.
     *
     * @param function serialized with all that it captures
     * @return the results of the last generation by rank; of all workers, if the function does not train
     * @throws IllegalArgumentException if the function captures what is not serializable; nothing has run then
     * @throws JobGivenUpException if too few workers are left for too long, too many were lost, or all that had the
     *     state
     * @throws JobFailedException if a worker's function throws, or one is lost after its training
     * @throws IllegalStateException if a result can't be read here, for instance because its class is missing
     */
    public <R extends @Nullable Object> List<R> run(TrainingFunction<R> function) {
        return run(function, ElasticRun.Scope.TRAINING);
    }

    private <R extends @Nullable Object> List<R> run(TrainingFunction<R> function, ElasticRun.Scope scope) {
        ByteString bytes = ObjectCodec.write(function, "the training function");
        List<ByteString> results = holder.await(holder.job().submit(RayExecutor.name(function), bytes, scope));
        @SuppressWarnings("unchecked") // it is what the function returned
        List<R> typed = (List<R>) ElasticRun.read(results, holder.settings().loader());
        return typed;
    }

    /**
     * Launches the workers and builds an object on each of them, which stays there from call to call; on one that comes
     * later, before its first call.
     *
     * @param factory builds the object; called once on each worker
     * @param <E> the object, which never leaves its worker and need not be serializable
     * @throws JobFailedException if a worker did not come up, or its factory throws
     */
    public <E> Workers<E> start(SerializableSupplier<E> factory) {
        return start(worker -> factory.get());
    }

    /**
     * Launches the workers and builds an object on each of them, which stays there from call to call; on one that comes
     * later, before its first call.
     *
     * @param factory builds the object of a worker, which has no rank yet; called once on each
     * @param <E> the object, which never leaves its worker and need not be serializable
     * @throws JobFailedException if a worker did not come up, or its factory throws
     */
    public <E> Workers<E> start(TrainingFunction<E> factory) {
        start();
        Workers.Caller caller = new Workers.Caller() {
            @Override
            public <R extends @Nullable Object> List<R> all(TrainingFunction<R> function) {
                return run(function, ElasticRun.Scope.CALL);
            }

            @Override
            public <R extends @Nullable Object> R single(TrainingFunction<R> function) {
                return run(function, ElasticRun.Scope.SINGLE_CALL).getFirst();
            }
        };
        caller.all(new Workers.Build<>(factory));
        return new Workers<>(factory, caller);
    }

    /**
     * Runs a program on each worker, also on each that comes meanwhile, and waits for the members of the last
     * generation.
     *
     * @param programClass name of a class that implements {@link TrainingProgram}
     * @param args its arguments
     * @return the results of the last generation by rank
     * @throws IllegalArgumentException if there is no such program; nothing has run then
     * @throws JobGivenUpException as {@link #run(TrainingFunction)} does
     * @throws JobFailedException if a worker's program throws, or one is lost after its training
     */
    public List<@Nullable Object> run(String programClass, List<String> args) {
        return run(new ProgramFunction(programClass, List.copyOf(args)));
    }

    /**
     * Has a worker leave between two steps; nothing is computed again. Another one takes its place.
     *
     * @param worker its number, as the listener has it
     */
    public void drain(int worker) {
        holder.job().drain(worker);
    }

    /** Returns the numbers of the workers that train at the moment, by rank; none between trainings. */
    public List<Integer> members() {
        return holder.job().training();
    }

    /** Kills a worker's process, as a lost machine would: to see what a job does then. */
    public void kill(int worker) {
        holder.job().workers().kill(worker);
    }

    /** Kills the coordinator's process. The workers train on, and another one is started. */
    public void killCoordinator() {
        holder.job().workers().kill(WorkerEvent.COORDINATOR);
    }

    /** Ends the workers: none is left when this returns, nor any of their files. */
    @Override
    public void close() {
        holder.close();
    }
}
