package io.kolo.executor;

/** A step came to nothing, since the ring is broken; it is done again. Not for the user's code to catch. */
public final class StepLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The step of a generation. */
    public StepLostException(int generation) {
        super("a step of generation " + generation + " is lost, and will be done again");
    }
}
