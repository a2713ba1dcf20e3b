package io.kolo.kernels;

/** How the elements of all ranks become one. */
public enum ReduceOp {
    /** The sum over all ranks. */
    SUM(1),
    /** The sum divided by the number of ranks; integers are divided towards zero. */
    AVERAGE(2),
    /** The smallest, as {@link Math#min(float, float)} has it: NaN wins, and -0 is less than 0. */
    MIN(3),
    /** The largest, as {@link Math#max(float, float)} has it: NaN wins, and 0 is more than -0. */
    MAX(4),
    /** The product over all ranks. */
    PRODUCT(5);

    private final int code;

    ReduceOp(int code) {
        this.code = code;
    }

    /** Returns the number, 1 to 15, that stands for this operation on the wire; 0 is none. */
    public int code() {
        return code;
    }

    /** Returns the operation that combines two ranks' elements: an average is a sum until {@link Kernels#divide}. */
    public ReduceOp pairwise() {
        return this == AVERAGE ? SUM : this;
    }
}
