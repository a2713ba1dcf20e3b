package io.kolo.executor;

/** Takes what a job has to show while it runs. Called by several threads, never by two at once. */
public interface JobListener {
    /** The workers are ready: engine, number of workers and kernels in one line. Called before any {@link #onLine}. */
    default void onStarted(String headline) {
        System.out.println(headline);
    }

    /** A worker has written a line; {@code node} is where it runs. */
    default void onLine(int rank, String node, String line) {
        System.out.println("[" + rank + " " + node + "] " + line);
    }

    /** A worker has reported how far it is. */
    default void onProgress(Progress progress) {}
}
