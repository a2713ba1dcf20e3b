package io.kolo.allreduce;

/** The operation was given up because this rank was told to: another one is lost, or has failed. */
public final class CollectiveAbortedException extends CollectiveException {
    private static final long serialVersionUID = 1L;

    private final int culprit;

    CollectiveAbortedException(String message, int culprit) {
        super(message);
        this.culprit = culprit;
    }

    /** Returns the rank whose loss or failure is the cause. */
    public int culprit() {
        return culprit;
    }
}
