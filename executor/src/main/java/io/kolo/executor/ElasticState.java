package io.kolo.executor;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.kolo.executor.control.proto.State;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The state of a training loop of your own, which goes on when workers come and go: named values, and what handlers
 * save. When the ring changes, the loop is left by an exception, and the function is called again with the state of the
 * last {@link #commit}; on a worker that joins, with that of the others.
 *
 * <pre>{@code
 * ElasticState state = new ElasticState().value("epoch", 0).value("weights", new float[1000]);
 * state.train(worker, member -> {
 *     while (state.get("epoch", Integer.class) < 10) {
 *         ... member.communicator().allReduce(...) ...
 *         state.set("epoch", state.get("epoch", Integer.class) + 1);
 *         state.commit();
 *     }
 * });
 * }</pre>
 *
 * All ranks commit in the same order. What is random between two commits has to follow from the state alone.
 */
public final class ElasticState {
    private final Map<String, Object> values = new TreeMap<>();
    private final Map<String, Handler> handlers = new TreeMap<>();
    private final List<Runnable> resets = new ArrayList<>();
    private @Nullable StateTrainee trainee;

    /** Saves a value of the user's, and puts it back. */
    public interface Handler {
        /** Returns the value as bytes. */
        byte[] save();

        /** Makes the value what was saved, here or on another worker. */
        void load(byte[] bytes);
    }

    /** What is trained. */
    public interface Loop {
        /**
         * Trains from where the state is.
         *
         * @param worker with a rank, and others
         */
        void run(Worker worker) throws Exception;
    }

    /** A state without values. */
    public ElasticState() {}

    /**
     * Adds a value: a boolean, int, long, float, double, String, or an array of bytes, longs, floats or doubles.
     *
     * @throws IllegalArgumentException if it is of another type
     */
    public ElasticState value(String name, Object initial) {
        var unused = StateValues.encode(name, initial);
        values.put(name, initial);
        return this;
    }

    /** Adds a value of any other type, which the handler keeps. */
    public ElasticState handler(String name, Handler handler) {
        handlers.put(name, handler);
        return this;
    }

    /** Has something done each time before the function is called again: the ring is another one then. */
    public ElasticState onReset(Runnable callback) {
        resets.add(callback);
        return this;
    }

    /**
     * Returns a value; an array is the state's own.
     *
     * @throws IllegalArgumentException if there is none of that name and type
     */
    public <T> T get(String name, Class<T> type) {
        Object value = values.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(
                    "there is no " + type.getSimpleName() + " " + name + " in the state; there are " + values.keySet());
        }
        return type.cast(value);
    }

    /**
     * Sets a value.
     *
     * @throws IllegalArgumentException if there is none of that name, or it had another type
     */
    public void set(String name, Object value) {
        Object before = values.get(name);
        if (before == null || before.getClass() != value.getClass()) {
            throw new IllegalArgumentException(
                    "the state has no " + value.getClass().getSimpleName() + " " + name);
        }
        values.put(name, value);
    }

    /**
     * Runs the function until it returns on all workers. Called once in a run of an elastic job.
     *
     * @param loop called again when the ring has changed; has to let the exception pass that ends it
     * @throws Exception what the loop throws
     */
    public void train(Worker worker, Loop loop) throws Exception {
        StateTrainee training = new StateTrainee(this, worker, loop);
        trainee = training;
        try {
            worker.train(training);
        } catch (StateTrainee.LoopFailedException e) {
            throw e.thrown();
        } finally {
            trainee = null;
        }
    }

    private StateTrainee trainee() {
        StateTrainee training = trainee;
        if (training == null) {
            throw new IllegalStateException("the state is not in train(...)");
        }
        return training;
    }

    /**
     * Remembers the state, together with all other ranks: to this it returns. Here workers join and leave.
     *
     * @throws StepLostException if the ring changes; not for the loop to catch
     */
    public void commit() {
        trainee().commit(false);
    }

    /** Makes the state what it was at the last commit. */
    public void restore() {
        trainee().restore();
    }

    /** Makes the state that of rank 0; all ranks have to call it. */
    public void sync() {
        trainee().sync();
    }

    /**
     * Commits if a worker waits to join, or is to leave; cheaper than {@link #commit} if not. All ranks have to call
     * it.
     *
     * @throws StepLostException if the ring changes; not for the loop to catch
     */
    public void checkHostUpdates() {
        trainee().checkHostUpdates();
    }

    byte[] encode(boolean over) {
        State.Builder state = State.newBuilder().setOver(over);
        values.forEach((name, value) -> state.putValues(name, StateValues.encode(name, value)));
        handlers.forEach((name, handler) -> state.putHandled(name, ByteString.copyFrom(handler.save())));
        return state.build().toByteArray();
    }

    /** Takes what another state of the same names has encoded; returns whether the loop is over there. */
    boolean decode(byte[] bytes) {
        State state;
        try {
            state = State.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a state that can't be read came from another rank", e);
        }
        same("values", values.keySet(), state.getValuesMap().keySet());
        same("handlers", handlers.keySet(), state.getHandledMap().keySet());
        Map<String, Object> read = new HashMap<>();
        state.getValuesMap().forEach((name, value) -> read.put(name, StateValues.decode(value)));
        values.putAll(read);
        handlers.forEach(
                (name, handler) -> handler.load(state.getHandledOrThrow(name).toByteArray()));
        return state.getOver();
    }

    private static void same(String what, Set<String> own, Set<String> others) {
        if (!own.equals(others)) {
            throw new IllegalStateException("the state has the " + what + " " + own + ", that of another rank " + others
                    + ": give all the same");
        }
    }

    void reset() {
        resets.forEach(Runnable::run);
    }
}
