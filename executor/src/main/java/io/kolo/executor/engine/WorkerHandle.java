package io.kolo.executor.engine;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/** A worker that has been launched. */
public interface WorkerHandle {
    /** Returns what the worker is to its cluster, for messages: {@code "process 4711"}. */
    String description();

    /**
     * Hears of the worker's death before it is gone, as far as that is known.
     *
     * @param dying is called as soon as it is known that the worker dies
     * @param halted is called once none of its threads will run again: from then on it stores into no memory
     */
    void onDeath(Runnable dying, Runnable halted);

    /** Calls {@code action} with the exit code (128 + the signal that killed it) once the worker is gone. */
    void onExit(IntConsumer action);

    /** Returns the exit code, as {@link #onExit} has it, or nothing while the worker lives. */
    OptionalInt exitCode();

    /** Ends the worker, which cannot refuse; its end is heard of as any other. */
    void kill();

    /** Returns the last lines of its output, oldest first. */
    List<String> lastLines();
}
