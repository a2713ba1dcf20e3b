package io.kolo.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * F16 and BF16 to F32 and back. Every value of the halves is one of F32; the way back rounds to the nearest, ties to
 * even, and keeps NaN NaN.
 */
public final class Halves {
    private static final int BF16_SHIFT = 16;
    private static final int QUIET = 0x40;

    private Halves() {}

    /**
     * Writes {@code count} elements of {@code type}, F16 or BF16, as F32.
     *
     * @param source memory in native byte order; offsets are in bytes, of any alignment
     * @param target memory in native byte order that does not overlap the source's run
     */
    public static void widen(
            DataType type,
            MemorySegment source,
            long sourceOffset,
            MemorySegment target,
            long targetOffset,
            long count) {
        for (long i = 0; i < count; i++) {
            short half = source.get(JAVA_SHORT_UNALIGNED, sourceOffset + i * Short.BYTES);
            target.set(
                    JAVA_FLOAT_UNALIGNED,
                    targetOffset + i * Float.BYTES,
                    type == DataType.F16 ? Float.float16ToFloat(half) : bf16ToFloat(half));
        }
    }

    /**
     * Rounds {@code count} elements of F32 to {@code type}, F16 or BF16.
     *
     * @param source memory in native byte order; offsets are in bytes, of any alignment
     * @param target memory in native byte order that does not overlap the source's run
     */
    public static void narrow(
            DataType type,
            MemorySegment source,
            long sourceOffset,
            MemorySegment target,
            long targetOffset,
            long count) {
        for (long i = 0; i < count; i++) {
            float number = source.get(JAVA_FLOAT_UNALIGNED, sourceOffset + i * Float.BYTES);
            target.set(
                    JAVA_SHORT_UNALIGNED,
                    targetOffset + i * Short.BYTES,
                    type == DataType.F16 ? Float.floatToFloat16(number) : floatToBf16(number));
        }
    }

    static float bf16ToFloat(short half) {
        return Float.intBitsToFloat(half << BF16_SHIFT);
    }

    static short floatToBf16(float number) {
        int bits = Float.floatToRawIntBits(number);
        if (Float.isNaN(number)) {
            return (short) (bits >>> BF16_SHIFT | QUIET);
        }
        int lowestKept = bits >>> BF16_SHIFT & 1;
        return (short) ((bits + 0x7fff + lowestKept) >>> BF16_SHIFT);
    }
}
