package io.kolo.allreduce;

/**
 * A collective operation did not come about. Recoverable: the communicator is of no more use, but the process is sound,
 * and the ranks that are left can form a new ring. The buffer of the operation holds a mixture and must not be used.
 */
public abstract sealed class CollectiveException extends RuntimeException
        permits CollectiveAbortedException, CollectiveMismatchException, CollectiveTimeoutException {
    private static final long serialVersionUID = 1L;

    CollectiveException(String message) {
        super(message);
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
