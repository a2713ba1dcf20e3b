package io.kolo.executor;

/** The job ended because of its workers. The executor is of no more use: close it. */
public abstract sealed class JobFailedException extends RuntimeException
        permits JobGivenUpException, WorkerFailedException, WorkerLostException {
    private static final long serialVersionUID = 1L;

    private final int rank;

    JobFailedException(String message, int rank) {
        super(message);
        this.rank = rank;
    }

    /** Returns the worker whose failure or loss is the cause; -1 if it is none's alone. */
    public int rank() {
        return rank;
    }
}
