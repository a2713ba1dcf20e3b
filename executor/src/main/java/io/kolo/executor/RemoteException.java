package io.kolo.executor;

import io.kolo.executor.control.Failures;
import io.kolo.executor.control.proto.Cause;
import java.util.List;

/** What a worker's code threw, with its own stack trace; stands in for a class that the driver may not have. */
public final class RemoteException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String type;

    private RemoteException(Cause cause, List<Cause> causes) {
        super(cause.getMessage(), causes.isEmpty() ? null : of(causes));
        this.type = cause.getType();
        setStackTrace(Failures.stack(cause));
    }

    static RemoteException of(List<Cause> causes) {
        return new RemoteException(causes.getFirst(), causes.subList(1, causes.size()));
    }

    /** Returns the name of the class that was thrown. */
    public String type() {
        return type;
    }

    @Override
    @SuppressWarnings(
            "OverrideThrowableToString") // a printed stack trace shows the class that was thrown, not this one
    public String toString() {
        return String.valueOf(getMessage()).isEmpty() ? type : type + ": " + getMessage();
    }
}
