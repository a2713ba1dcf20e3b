package io.kolo.executor;

/** An elastic job cannot go on: too few workers for too long, too many losses, or nobody left who has the state. */
public final class JobGivenUpException extends JobFailedException {
    private static final long serialVersionUID = 1L;

    JobGivenUpException(String message) {
        super(message, -1);
    }
}
