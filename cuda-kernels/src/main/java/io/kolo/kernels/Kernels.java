package io.kolo.kernels;

import java.lang.foreign.MemorySegment;

/** An implementation of the arithmetic that collectives are made of. All implementations agree bit for bit. */
public interface Kernels {
    /** Returns what these kernels are, for a log line, such as {@code "Vector API, 256 bits"}. */
    String description();

    /**
     * Returns the kernel that combines elements of {@code type} by {@code op}; it, and what {@code op} divides, is
     * warm.
     *
     * @throws IllegalArgumentException for a type that is combined as another one ({@link DataType#arithmetic}), and
     *     for the average of truths
     */
    Reducer reducer(DataType type, ReduceOp op);

    /**
     * Divides each of {@code count} elements at {@code offset} bytes of {@code data} by {@code divisor}; integers
     * towards zero.
     *
     * @param type the elements' type
     * @param data memory in native byte order, written in place
     * @param offset bytes from the start of {@code data}; any alignment
     * @param count elements, at least 0
     * @param divisor at least 1
     */
    void divide(DataType type, MemorySegment data, long offset, long count, int divisor);

    /**
     * Multiplies each of {@code count} elements at {@code offset} bytes of {@code data} by {@code factor}.
     *
     * @param type F32, which takes the factor's nearest float, or F64
     * @param data memory in native byte order, written in place
     * @param offset bytes from the start of {@code data}; any alignment
     * @param count elements, at least 0
     */
    void scale(DataType type, MemorySegment data, long offset, long count, double factor);

    /** Returns the fastest kernels of this JVM. The reason of the choice is part of their description. */
    static Kernels probe() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return new ScalarKernels("no --add-modules=jdk.incubator.vector");
        }
        return VectorKernels.bits() < 128
                ? new ScalarKernels("this CPU has no vectors of 128 bits")
                : new VectorKernels();
    }
}
