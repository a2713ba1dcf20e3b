package io.kolo.executor;

/** The job ended because of one of its workers. The executor is of no more use: close it. */
public abstract sealed class JobFailedException extends RuntimeException
        permits WorkerFailedException, WorkerLostException {
    private static final long serialVersionUID = 1L;

    private final int rank;

    JobFailedException(String message, int rank) {
        super(message);
        this.rank = rank;
    }

    /** Returns the worker whose failure or loss is the cause. */
    public int rank() {
        return rank;
    }
}
