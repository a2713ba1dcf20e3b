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
    private static final long[] NONE = {};

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
        return (target, offset, source, distances, count, all) -> {
            for (long at = offset; at < offset + count * Float.BYTES; at += Float.BYTES) {
                float result = target.get(JAVA_FLOAT_UNALIGNED, at);
                for (long distance : distances) {
                    result = function.apply(result, source.get(JAVA_FLOAT_UNALIGNED, at + distance));
                }
                target.set(JAVA_FLOAT_UNALIGNED, at, result);
                for (long distance : all ? distances : NONE) {
                    source.set(JAVA_FLOAT_UNALIGNED, at + distance, result);
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
        return (target, offset, source, distances, count, all) -> {
            for (long at = offset; at < offset + count * Double.BYTES; at += Double.BYTES) {
                double result = target.get(JAVA_DOUBLE_UNALIGNED, at);
                for (long distance : distances) {
                    result = function.applyAsDouble(result, source.get(JAVA_DOUBLE_UNALIGNED, at + distance));
                }
                target.set(JAVA_DOUBLE_UNALIGNED, at, result);
                for (long distance : all ? distances : NONE) {
                    source.set(JAVA_DOUBLE_UNALIGNED, at + distance, result);
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
        return (target, offset, source, distances, count, all) -> {
            for (long at = offset; at < offset + count * Integer.BYTES; at += Integer.BYTES) {
                int result = target.get(JAVA_INT_UNALIGNED, at);
                for (long distance : distances) {
                    result = function.applyAsInt(result, source.get(JAVA_INT_UNALIGNED, at + distance));
                }
                target.set(JAVA_INT_UNALIGNED, at, result);
                for (long distance : all ? distances : NONE) {
                    source.set(JAVA_INT_UNALIGNED, at + distance, result);
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
        return (target, offset, source, distances, count, all) -> {
            for (long at = offset; at < offset + count * Long.BYTES; at += Long.BYTES) {
                long result = target.get(JAVA_LONG_UNALIGNED, at);
                for (long distance : distances) {
                    result = function.applyAsLong(result, source.get(JAVA_LONG_UNALIGNED, at + distance));
                }
                target.set(JAVA_LONG_UNALIGNED, at, result);
                for (long distance : all ? distances : NONE) {
                    source.set(JAVA_LONG_UNALIGNED, at + distance, result);
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
        return (target, offset, source, distances, count, all) -> {
            for (long at = offset; at < offset + count; at++) {
                int result = target.get(JAVA_BYTE, at) & mask;
                for (long distance : distances) {
                    result = (byte) function.applyAsInt(result, source.get(JAVA_BYTE, at + distance) & mask) & mask;
                }
                target.set(JAVA_BYTE, at, (byte) result);
                for (long distance : all ? distances : NONE) {
                    source.set(JAVA_BYTE, at + distance, (byte) result);
                }
            }
        };
    }
}
