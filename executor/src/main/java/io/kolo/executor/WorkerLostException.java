package io.kolo.executor;

/** A worker's process ended in the middle of a job. What became of the other workers is suppressed in it. */
public final class WorkerLostException extends JobFailedException {
    private static final long serialVersionUID = 1L;

    WorkerLostException(String message, int rank) {
        super(message, rank);
    }
}
