package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What is wrong with the arguments of an operation is found here, where it costs one call, and not in mid-operation the
 * ring. All throw {@link IllegalArgumentException}.
 */
final class Arguments {
    private Arguments() {}

    static void checkRead(MemorySegment buffer, DataType type) {
        check(buffer, type, false);
    }

    static void checkWritten(MemorySegment buffer, DataType type) {
        check(buffer, type, true);
    }

    static void check(MemorySegment buffer, DataType type, boolean written) {
        if (buffer.byteSize() % type.sizeBytes() != 0) {
            throw new IllegalArgumentException(
                    "a buffer of " + buffer.byteSize() + " bytes holds no whole number of " + type);
        }
        if (written && buffer.isReadOnly()) {
            throw new IllegalArgumentException("the buffer is read-only, and the result is to be written into it");
        }
        if (!buffer.scope().isAlive() || !buffer.isAccessibleBy(Thread.currentThread())) {
            throw new IllegalArgumentException(
                    "the buffer's memory is " + (buffer.scope().isAlive() ? "another thread's alone" : "closed"));
        }
    }

    static void checkOp(DataType type, ReduceOp op, double preScale, double postScale) {
        if (!type.allows(op)) {
            throw new IllegalArgumentException("there is no " + op + " of " + type);
        }
        if ((preScale != 1 || postScale != 1) && !type.isFloating()) {
            throw new IllegalArgumentException("only floating-point elements can be scaled, and these are " + type);
        }
    }

    static void checkRank(String what, int rank, Ring ring) {
        if (rank < 0 || rank >= ring.size()) {
            throw new IllegalArgumentException(what + " " + rank + " of " + ring.size() + " ranks");
        }
    }

    static void checkOther(String what, int rank, Ring ring) {
        checkRank(what, rank, ring);
        if (rank == ring.rank()) {
            throw new IllegalArgumentException("'" + what + "' is this rank itself, " + rank);
        }
    }

    static MemorySegment checkLength(String what, MemorySegment actual, MemorySegment expected) {
        if (actual.byteSize() != expected.byteSize()) {
            throw new IllegalArgumentException(
                    what + " has " + actual.byteSize() + " bytes, but this rank's part has " + expected.byteSize());
        }
        return expected;
    }

    static void checkParts(String what, MemorySegment all, MemorySegment part, Ring ring) {
        if (all.byteSize() != part.byteSize() * ring.size()) {
            throw new IllegalArgumentException(
                    what + " has " + all.byteSize() + " bytes, not " + ring.size() + " parts of " + part.byteSize());
        }
    }

    static Exchanges.Parts parts(String what, MemorySegment all, long[] counts, DataType type, Ring ring) {
        long sum = Arrays.stream(counts).sum();
        boolean negative = Arrays.stream(counts).anyMatch(count -> count < 0);
        if (counts.length != ring.size() || negative || sum * type.sizeBytes() != all.byteSize()) {
            throw new IllegalArgumentException("the counts " + Arrays.toString(counts) + " are not those of "
                    + ring.size() + " parts of the " + all.byteSize() + " bytes of " + what);
        }
        return Exchanges.Parts.counted(all, counts.clone(), type.sizeBytes());
    }
}
