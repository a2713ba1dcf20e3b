package io.kolo.executor;

import io.kolo.allreduce.Communicator;
import java.util.Map;

/** One of the processes that train together, as its training function sees it. */
public interface Worker {
    /** Returns this worker's number in the job, {@code 0 <= rank < size}. */
    int rank();

    /** Returns the number of workers in the job. */
    int size();

    /** Returns this worker's number on its host, {@code 0 <= localRank < localSize}. */
    int localRank();

    /** Returns the number of the job's workers on this host. */
    int localSize();

    /** Returns the number of this worker's host among those that have a worker of its {@link #localRank}. */
    int crossRank();

    /** Returns the number of hosts that have a worker of this one's {@link #localRank}. */
    int crossSize();

    /** Returns the number of the bundle that this worker runs in. */
    int bundle();

    /**
     * Trains to the last step. In an elastic job this goes on when workers come and go, once in a run: until all
     * members of the last generation are done. A worker that joins gets the state of one that is there.
     *
     * @throws IllegalStateException the second time in a run of an elastic job
     */
    void train(Trainee trainee);

    /**
     * Returns the number of the generation, which grows with each change of the workers; 0 in an elastic job before
     * {@link #train}, when there is no ring, and so no rank, yet.
     */
    int generation();

    /** Returns the way to exchange buffers with the other workers. */
    Communicator communicator();

    /**
     * Tells the driver how far this worker is. May be called at each step: what comes faster than anyone can watch is
     * dropped, but never a report with {@code done} at {@code total}.
     *
     * @param done units of work done, such as samples seen
     * @param total units of work in all
     * @param metrics figures by name, such as {@code "loss"}
     */
    void report(long done, long total, Map<String, Double> metrics);
}
