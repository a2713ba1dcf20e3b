package io.kolo.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.function.DoubleBinaryOperator;
import java.util.function.IntBinaryOperator;
import java.util.function.LongBinaryOperator;

/** Plain loops, right by definition: the oracle of all other kernels, and what runs where nothing faster does. */
public final class ScalarKernels implements Kernels {
    private final String reason;

    /** Creates the oracle. */
    public ScalarKernels() {
        this("as asked for");
    }

    ScalarKernels(String reason) {
        this.reason = reason;
    }

    @Override
    public String description() {
        return "scalar loops (" + reason + ")";
    }

    @Override
    public Reducer reducer(DataType type, ReduceOp op) {
        return switch (type) {
            case F32 -> f32(op.pairwise());
            case F64 -> f64(op.pairwise());
            case I32 -> i32(op.pairwise());
            case I64 -> i64(op.pairwise());
            case I8, U8, BOOL -> i8(op, type);
            case F16, BF16 -> throw new IllegalArgumentException(type + " is combined as " + type.arithmetic());
        };
    }

    @Override
    public void divide(DataType type, MemorySegment data, long offset, long count, int divisor) {
        for (long i = 0; i < count; i++) {
            long at = offset + i * type.sizeBytes();
            switch (type) {
                case F32 -> data.set(JAVA_FLOAT_UNALIGNED, at, data.get(JAVA_FLOAT_UNALIGNED, at) / divisor);
                case F64 -> data.set(JAVA_DOUBLE_UNALIGNED, at, data.get(JAVA_DOUBLE_UNALIGNED, at) / divisor);
                case I32 -> data.set(JAVA_INT_UNALIGNED, at, data.get(JAVA_INT_UNALIGNED, at) / divisor);
                case I64 -> data.set(JAVA_LONG_UNALIGNED, at, data.get(JAVA_LONG_UNALIGNED, at) / divisor);
                case I8 -> data.set(JAVA_BYTE, at, (byte) (data.get(JAVA_BYTE, at) / divisor));
                case U8 -> data.set(JAVA_BYTE, at, (byte) (Byte.toUnsignedInt(data.get(JAVA_BYTE, at)) / divisor));
                case F16, BF16, BOOL -> throw new IllegalArgumentException("no division of " + type);
            }
        }
    }

    @Override
    public void scale(DataType type, MemorySegment data, long offset, long count, double factor) {
        float nearest = (float) factor;
        for (long i = 0; i < count; i++) {
            long at = offset + i * type.sizeBytes();
            switch (type) {
                case F32 -> data.set(JAVA_FLOAT_UNALIGNED, at, data.get(JAVA_FLOAT_UNALIGNED, at) * nearest);
                case F64 -> data.set(JAVA_DOUBLE_UNALIGNED, at, data.get(JAVA_DOUBLE_UNALIGNED, at) * factor);
                default -> throw new IllegalArgumentException("no scaling of " + type);
            }
        }
    }

    private interface FloatBinaryOperator {
        float apply(float a, float b);
    }

    private static Reducer f32(ReduceOp op) {
        FloatBinaryOperator function = switch (op) {
            case SUM, AVERAGE -> Float::sum;
            case MIN -> Math::min;
            case MAX -> Math::max;
            case PRODUCT -> (a, b) -> a * b;
        };
        return (target, targetOffset, source, sourceOffset, count, both) -> {
            for (long at = 0; at < count * Float.BYTES; at += Float.BYTES) {
                float a = target.get(JAVA_FLOAT_UNALIGNED, targetOffset + at);
                float b = source.get(JAVA_FLOAT_UNALIGNED, sourceOffset + at);
                float result = function.apply(a, b);
                target.set(JAVA_FLOAT_UNALIGNED, targetOffset + at, result);
                if (both) {
                    source.set(JAVA_FLOAT_UNALIGNED, sourceOffset + at, result);
                }
            }
        };
    }

    private static Reducer f64(ReduceOp op) {
        DoubleBinaryOperator function = switch (op) {
            case SUM, AVERAGE -> Double::sum;
            case MIN -> Math::min;
            case MAX -> Math::max;
            case PRODUCT -> (a, b) -> a * b;
        };
        return (target, targetOffset, source, sourceOffset, count, both) -> {
            for (long at = 0; at < count * Double.BYTES; at += Double.BYTES) {
                double a = target.get(JAVA_DOUBLE_UNALIGNED, targetOffset + at);
                double b = source.get(JAVA_DOUBLE_UNALIGNED, sourceOffset + at);
                double result = function.applyAsDouble(a, b);
                target.set(JAVA_DOUBLE_UNALIGNED, targetOffset + at, result);
                if (both) {
                    source.set(JAVA_DOUBLE_UNALIGNED, sourceOffset + at, result);
                }
            }
        };
    }

    private static Reducer i32(ReduceOp op) {
        IntBinaryOperator function = switch (op) {
            case SUM, AVERAGE -> Integer::sum;
            case MIN -> Math::min;
            case MAX -> Math::max;
            case PRODUCT -> (a, b) -> a * b;
        };
        return (target, targetOffset, source, sourceOffset, count, both) -> {
            for (long at = 0; at < count * Integer.BYTES; at += Integer.BYTES) {
                int a = target.get(JAVA_INT_UNALIGNED, targetOffset + at);
                int b = source.get(JAVA_INT_UNALIGNED, sourceOffset + at);
                int result = function.applyAsInt(a, b);
                target.set(JAVA_INT_UNALIGNED, targetOffset + at, result);
                if (both) {
                    source.set(JAVA_INT_UNALIGNED, sourceOffset + at, result);
                }
            }
        };
    }

    private static Reducer i64(ReduceOp op) {
        LongBinaryOperator function = switch (op) {
            case SUM, AVERAGE -> Long::sum;
            case MIN -> Math::min;
            case MAX -> Math::max;
            case PRODUCT -> (a, b) -> a * b;
        };
        return (target, targetOffset, source, sourceOffset, count, both) -> {
            for (long at = 0; at < count * Long.BYTES; at += Long.BYTES) {
                long a = target.get(JAVA_LONG_UNALIGNED, targetOffset + at);
                long b = source.get(JAVA_LONG_UNALIGNED, sourceOffset + at);
                long result = function.applyAsLong(a, b);
                target.set(JAVA_LONG_UNALIGNED, targetOffset + at, result);
                if (both) {
                    source.set(JAVA_LONG_UNALIGNED, sourceOffset + at, result);
                }
            }
        };
    }

    private static Reducer i8(ReduceOp op, DataType type) {
        IntBinaryOperator function = type == DataType.BOOL
                ? switch (op) {
                    case SUM, MAX -> (a, b) -> a | b;
                    case PRODUCT, MIN -> (a, b) -> a & b;
                    case AVERAGE -> throw new IllegalArgumentException("truths have no average");
                }
                : switch (op) {
                    case SUM, AVERAGE -> Integer::sum;
                    case MIN -> Math::min;
                    case MAX -> Math::max;
                    case PRODUCT -> (a, b) -> a * b;
                };
        int mask = type == DataType.U8 ? 0xff : -1;
        return (target, targetOffset, source, sourceOffset, count, both) -> {
            for (long at = 0; at < count; at++) {
                int a = target.get(JAVA_BYTE, targetOffset + at) & mask;
                int b = source.get(JAVA_BYTE, sourceOffset + at) & mask;
                byte result = (byte) function.applyAsInt(a, b);
                target.set(JAVA_BYTE, targetOffset + at, result);
                if (both) {
                    source.set(JAVA_BYTE, sourceOffset + at, result);
                }
            }
        };
    }
}
