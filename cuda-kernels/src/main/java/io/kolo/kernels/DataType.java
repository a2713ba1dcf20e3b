package io.kolo.kernels;

/** The type of a buffer's elements. */
public enum DataType {
    /** IEEE 754 binary32. */
    F32(1, 4),
    /** IEEE 754 binary64. */
    F64(2, 8),
    /** Two's complement, 32 bits; sums and products wrap around. */
    I32(3, 4),
    /** Two's complement, 64 bits; sums and products wrap around. */
    I64(4, 8),
    /** IEEE 754 binary16. Travels and is combined as F32, and rounded once. */
    F16(5, 2),
    /** The upper half of an F32. Travels and is combined as F32, and rounded once, to the nearest, ties to even. */
    BF16(6, 2),
    /** Two's complement, 8 bits; sums and products wrap around. */
    I8(7, 1),
    /** 0 to 255; sums and products wrap around. */
    U8(8, 1),
    /** A byte that is 0 or 1. SUM and MAX are "or", PRODUCT and MIN are "and"; there is no AVERAGE. */
    BOOL(9, 1);

    private final int code;
    private final int sizeBytes;

    DataType(int code, int sizeBytes) {
        this.code = code;
        this.sizeBytes = sizeBytes;
    }

    /** Returns the number, 1 to 15, that stands for this type on the wire; 0 is none. */
    public int code() {
        return code;
    }

    /** Returns the bytes of one element. */
    public int sizeBytes() {
        return sizeBytes;
    }

    /** Returns the type that elements of this one are combined in: F32 for its halves, else this. */
    public DataType arithmetic() {
        return this == F16 || this == BF16 ? F32 : this;
    }

    /** Returns whether elements can be combined by {@code op}: truths have no average. */
    public boolean allows(ReduceOp op) {
        return this != BOOL || op != ReduceOp.AVERAGE;
    }

    /** Returns whether elements have fractions, and so can be scaled. */
    public boolean isFloating() {
        return arithmetic() == F32 || this == F64;
    }
}
