package io.kolo.allreduce;

/**
 * Two ranks were not in the same operation: another collective, type, op, length or root, or another place in the order
 * of calls. All ranks of the ring get this error. Where several ranks find out at once, each names its own pair.
 */
public final class CollectiveMismatchException extends CollectiveException {
    private static final long serialVersionUID = 1L;

    private static final String ADVICE =
            ". All ranks have to call the same collectives in the same order, with the same type,"
                    + " operation, length and root.";

    private final int leftRank;
    private final int rightRank;

    CollectiveMismatchException(String message, int leftRank, int rightRank) {
        super(message);
        this.leftRank = leftRank;
        this.rightRank = rightRank;
    }

    /**
     * Creates the error of two ranks.
     *
     * @param leftRank in the ring, as is the other one; the error has them in the numbers of the World
     * @param doings what each of them is in, for the message
     */
    static CollectiveMismatchException of(Ring ring, int leftRank, int rightRank, String doings) {
        return new CollectiveMismatchException(
                "ranks " + ring.inWorld(leftRank) + " and " + ring.inWorld(rightRank) + " of generation "
                        + ring.generation() + " are not in the same operation: " + doings + ADVICE,
                ring.inWorld(leftRank),
                ring.inWorld(rightRank));
    }

    /** Returns the rank that sent what the other one did not expect. */
    public int leftRank() {
        return leftRank;
    }

    /** Returns the rank that did not expect it. */
    public int rightRank() {
        return rightRank;
    }
}
