package io.kolo.executor;

import java.util.List;

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

    /**
     * There is news of an elastic job, in one line: what the methods below have to tell, where they are not overridden.
     */
    default void onNews(String line) {
        System.out.println(line);
    }

    /** An elastic job goes on with these workers, by rank; {@code step} is the last that counts. */
    default void onGeneration(int generation, List<Integer> workers, long step) {
        onNews("kolo: generation " + generation + ", workers " + workers + ", after step " + step);
    }

    /**
     * A worker is in an elastic job's generation, and was not in the one before; {@link #onGeneration} says it, too.
     */
    default void onJoined(int worker) {}

    /** An elastic job goes on without a worker; {@link #onLost} says how it ended, once its process has. */
    default void onGone(int worker) {}

    /** A worker of an elastic job is to leave between two steps. */
    default void onDraining(int worker, String reason) {
        onNews("kolo: worker " + worker + " is to leave: " + reason);
    }

    /** An elastic job has lost a worker. */
    default void onLost(int worker, String reason) {
        onNews("kolo: lost worker " + worker + ": " + reason);
    }

    /** An elastic job has lost its coordinator: the workers train on, and another one is started. */
    default void onCoordinatorLost(String reason) {
        onNews("kolo: another coordinator is started: " + reason);
    }

    /** The hosts that an elastic job may use have changed, or are not known, in a line. */
    default void onHosts(String news) {
        onNews("kolo: " + news);
    }

    /** An elastic job waits, such as for "1 of at least 2 workers". */
    default void onWaiting(String reason) {
        onNews("kolo: waiting: " + reason);
    }

    /** A worker has reported how far it is. */
    default void onProgress(Progress progress) {}
}
