package io.kolo.executor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLClassLoader;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** The job of an executor, which one thread starts once, and any thread may close. */
final class JobHolder implements AutoCloseable {
    private final JobSettings settings;
    private volatile @Nullable Job job;
    private volatile boolean closed;

    JobHolder(JobSettings settings) {
        this.settings = settings;
    }

    JobSettings settings() {
        return settings;
    }

    void start() {
        if (job != null || closed) {
            throw new IllegalStateException(
                    "this executor was " + (closed ? "closed" : "started before") + "; build another one");
        }
        Job starting = new Job(settings);
        job = starting;
        if (closed) {
            starting.close(); // by another thread, which saw no job yet
        }
        starting.start();
    }

    Job job() {
        Job running = job;
        if (running == null) {
            throw new IllegalStateException("call start() before run(...)");
        }
        return running;
    }

    /** Waits for a result of the job; throws what it failed with. */
    <T extends @Nullable Object> T await(Future<T> result) {
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        } catch (CancellationException e) {
            throw e.getCause() instanceof CancellationException reason ? reason : e; // the future's own says "get"
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new CancellationException("the thread that waited for the workers was interrupted");
        }
    }

    /** Ends the workers: none is left when this returns, nor any of their files. */
    @Override
    public void close() {
        closed = true;
        Job running = job;
        if (running != null) {
            running.close();
        }
        if (settings.loader() instanceof URLClassLoader ofJars) {
            try {
                ofJars.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
