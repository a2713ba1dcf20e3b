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
    I64(4, 8);

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
}
