package io.kolo.executor;

import io.kolo.allreduce.Ring;
import io.kolo.executor.control.ObjectCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
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
    private final Settings settings;
    private @Nullable Job job;

    private RayExecutor(Settings settings) {
        this.settings = settings;
    }

    /** Returns a builder with one worker, on the cluster of {@code RAY_ADDRESS} or else on this machine. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Launches the workers and forms their ring.
     *
     * @throws JobFailedException if a worker did not come up; the others are gone then
     * @throws IllegalStateException if the executor was started before, or the workers did not come up in time
     */
    public void start() {
        if (job != null) {
            throw new IllegalStateException("this executor was started before; build another one");
        }
        job = new Job(settings);
        job.start();
    }

    /**
     * Runs a function on each worker and waits for all of them.
     *
     * @param function serialized with all that it captures
     * @return the results by rank
     * @throws IllegalArgumentException if the function captures what is not serializable; nothing has run then
     * @throws JobFailedException if a worker's function throws, or a worker is lost
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
        return submit(function, IntStream.range(0, settings.workers()).boxed().collect(Collectors.toSet()));
    }

    <R extends @Nullable Object> List<CompletableFuture<R>> submit(TrainingFunction<R> function, Set<Integer> ranks) {
        byte[] bytes = ObjectCodec.write(function, "the training function");
        List<CompletableFuture<R>> results = new ArrayList<>();
        for (CompletableFuture<@Nullable Object> result :
                started().submit(bytes, ranks).values()) {
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

    /** Waits for all results; throws what the first one that failed did. */
    <R extends @Nullable Object> List<R> join(List<CompletableFuture<R>> futures) {
        List<R> results = new ArrayList<>();
        try {
            for (CompletableFuture<R> future : futures) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
            throw new CancellationException("the thread that waited for the workers was interrupted");
        }
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
        return new Workers<>(this);
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

    private Job started() {
        if (job == null) {
            throw new IllegalStateException("call start() before run(...)");
        }
        return job;
    }

    /** Ends the workers: none is left when this returns, nor any of their files. */
    @Override
    public void close() {
        if (job != null) {
            job.close();
        }
        if (settings.loader() instanceof URLClassLoader ofJars) {
            try {
                ofJars.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** What a job is made of; see {@link Builder}. */
    record Settings(
            int workers,
            List<Path> jars,
            ClassLoader loader,
            Duration startTimeout,
            Duration collectiveTimeout,
            JobListener listener) {}

    /** Says what to launch. */
    public static final class Builder {
        private int workers = 1;
        private String address = Address.AUTO;
        private final List<Path> jars = new ArrayList<>();
        private @Nullable String program;
        private Duration startTimeout = Duration.ofMinutes(2);
        private Duration collectiveTimeout = Duration.ofMinutes(5);
        private JobListener listener = new JobListener() {};

        private Builder() {}

        /** Sets the number of workers, at least 1. */
        public Builder workers(int workers) {
            this.workers = workers;
            return this;
        }

        /**
         * Sets where to launch them: {@code "local"} is worker JVMs on this machine, {@code "HOST:PORT"} a Ray cluster,
         * and {@code "auto"}, the default, the cluster of {@code RAY_ADDRESS} if that is set, else local.
         */
        public Builder address(String address) {
            this.address = address;
            return this;
        }

        /** Adds a jar to the workers' class path, beside that of this JVM. */
        public Builder jar(Path jar) {
            jars.add(jar);
            return this;
        }

        /** Names a {@link TrainingProgram} that will be run, so that {@link #build} finds out if it can't. */
        public Builder program(String programClass) {
            this.program = programClass;
            return this;
        }

        /** Sets how long launching may take, by default two minutes. */
        public Builder startTimeout(Duration timeout) {
            this.startTimeout = timeout;
            return this;
        }

        /** Sets how long a collective operation may go without any progress, by default five minutes. */
        public Builder collectiveTimeout(Duration timeout) {
            this.collectiveTimeout = timeout;
            return this;
        }

        /** Sets who takes the workers' output and progress, by default standard output. */
        public Builder listener(JobListener listener) {
            this.listener = listener;
            return this;
        }

        /**
         * Checks the settings.
         *
         * @throws IllegalArgumentException with what to do
         */
        public RayExecutor build() {
            if (workers < 1 || workers > Ring.MAX_SIZE) {
                throw new IllegalArgumentException("workers must be 1 to " + Ring.MAX_SIZE + ", not " + workers);
            }
            String resolved = Address.resolve(address, System.getenv());
            if (!resolved.equals(Address.LOCAL)) {
                throw new IllegalArgumentException("address " + resolved
                        + ": this version launches on this machine only; use the address local, or unset RAY_ADDRESS");
            }
            ClassLoader loader = loader();
            if (program != null) {
                new ProgramFunction(program, List.of()).check(loader);
            }
            return new RayExecutor(
                    new Settings(workers, List.copyOf(jars), loader, startTimeout, collectiveTimeout, listener));
        }

        private ClassLoader loader() {
            jars.forEach(Jars::check);
            ClassLoader own = RayExecutor.class.getClassLoader();
            return jars.isEmpty()
                    ? own
                    : new URLClassLoader(jars.stream().map(Builder::url).toArray(URL[]::new), own);
        }

        private static URL url(Path jar) {
            try {
                return jar.toUri().toURL();
            } catch (MalformedURLException e) {
                throw new IllegalArgumentException(e);
            }
        }
    }
}
