package io.kolo.allreduce;

/** Nothing moved in an operation for as long as its deadline allows. */
public final class CollectiveTimeoutException extends CollectiveException {
    private static final long serialVersionUID = 1L;

    private final int awaitedRank;

    CollectiveTimeoutException(String message, int awaitedRank) {
        super(message);
        this.awaitedRank = awaitedRank;
    }

    /** Returns the neighbour that was waited for; it may itself have waited for another one. */
    public int awaitedRank() {
        return awaitedRank;
    }
}
