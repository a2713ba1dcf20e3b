package io.kolo.executor.engine;

/** The cluster has no room for a job; the message has each node's free and total resources. */
public final class PlacementException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Creates the error. */
    public PlacementException(String message) {
        super(message);
    }
}
