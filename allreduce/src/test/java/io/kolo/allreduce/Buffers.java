package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Random buffers, one a rank. */
public final class Buffers {
    private Buffers() {}

    public static List<MemorySegment> random(int size, DataType type, int count, SplittableRandom random) {
        List<MemorySegment> buffers = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            MemorySegment buffer = MemorySegment.ofArray(new byte[count * type.sizeBytes()]);
            for (int i = 0; i < count; i++) {
                long at = (long) i * type.sizeBytes();
                double number = random.nextDouble(-100, 100);
                switch (type) {
                    case F32 -> buffer.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) number);
                    case F64 -> buffer.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at, number);
                    case I32 -> buffer.set(ValueLayout.JAVA_INT_UNALIGNED, at, random.nextInt());
                    case I64 -> buffer.set(ValueLayout.JAVA_LONG_UNALIGNED, at, random.nextLong());
                    case F16 -> buffer.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16((float) number));
                    case BF16 ->
                        buffer.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short)
                                (Float.floatToIntBits((float) number) >>> 16));
                    case I8, U8 -> buffer.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
                    case BOOL -> buffer.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt(2));
                }
            }
            buffers.add(buffer);
        }
        return buffers;
    }

    public static List<MemorySegment> copies(List<MemorySegment> buffers) {
        return buffers.stream()
                .map(buffer -> MemorySegment.ofArray(buffer.toArray(ValueLayout.JAVA_BYTE)))
                .toList();
    }
}
