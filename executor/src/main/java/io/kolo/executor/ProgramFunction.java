package io.kolo.executor;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A {@link TrainingProgram} as a function: by name, so that the driver need not run its class. */
record ProgramFunction(String className, List<String> args) implements TrainingFunction<@Nullable Object> {
    @Override
    public @Nullable Object run(Worker worker) throws Exception {
        Class<?> program = Class.forName(className, true, Thread.currentThread().getContextClassLoader());
        return ((TrainingProgram<?>) program.getConstructor().newInstance()).run(worker, args);
    }

    /**
     * Checks that the workers will find the program.
     *
     * @throws IllegalArgumentException with what to do
     */
    void check(ClassLoader loader) {
        try {
            Class<?> program = Class.forName(className, false, loader);
            if (!TrainingProgram.class.isAssignableFrom(program)) {
                throw new IllegalArgumentException("class " + className + " does not implement "
                        + TrainingProgram.class.getName() + ", whose run(worker, args) is what each worker runs");
            }
            if (Arrays.stream(program.getConstructors())
                    .noneMatch(constructor -> constructor.getParameterCount() == 0)) {
                throw new IllegalArgumentException(
                        "class " + className + " has no public constructor without parameters");
            }
        } catch (ClassNotFoundException | NoClassDefFoundError e) {
            throw new IllegalArgumentException(
                    "class " + className + " can't be loaded (" + e
                            + "): give its full name, and the jar that it is in",
                    e);
        }
    }
}
