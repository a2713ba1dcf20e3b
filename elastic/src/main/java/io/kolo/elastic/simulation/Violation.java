package io.kolo.elastic.simulation;

/** An invariant does not hold: the protocol is wrong. */
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String invariant;

    Violation(String invariant) {
        super(invariant);
        this.invariant = invariant;
    }

    @Override
    public String getMessage() {
        return invariant;
    }
}
