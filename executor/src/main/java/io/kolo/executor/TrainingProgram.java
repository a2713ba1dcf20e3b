package io.kolo.executor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A training function with a name and arguments, as {@code kolo run --class} starts it: a public class with a public
 * constructor without parameters. Each worker makes one instance.
 *
 * @param <R> the result, serializable
 */
public interface TrainingProgram<R extends @Nullable Object> {
    /**
     * Trains.
     *
     * @param worker this process's place in the job
     * @param args what the user gave after {@code --}
     * @return what the driver receives
     * @throws Exception to fail the job
     */
    R run(Worker worker, List<String> args) throws Exception;
}
