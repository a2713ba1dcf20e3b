package io.kolo.executor;

/**
 * A training function threw. The cause is what it threw, with the worker's stack trace; what became of the other
 * workers is suppressed in it.
 */
public final class WorkerFailedException extends JobFailedException {
    private static final long serialVersionUID = 1L;

    private final RemoteException remote;

    WorkerFailedException(int rank, RemoteException cause) {
        super("rank " + rank + " failed: " + cause, rank);
        initCause(cause);
        this.remote = cause;
    }

    /** Returns what the function threw; the same as {@link #getCause}. */
    public RemoteException remote() {
        return remote;
    }
}
