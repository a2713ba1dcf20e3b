package io.kolo.allreduce;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.util.Arrays;
import java.util.function.ToIntFunction;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The 32 bytes in front of each chunk, as a flyweight. docs/wire-format.md has the same table, and a test holds the two
 * together.
 *
 * <pre>
 *  offset bytes field
 *       0     8 key         of the generation
 *       8     4 checksum    CRC32C of all that follows it, where the line needs one
 *      12     4 sequence    of the operation in its communicator, from 1
 *      16     4 chunk       running number in the operation, from 0
 *      20     2 root        of a broadcast, reduce, gather or scatter, else 0
 *      22     1 collective
 *      23     1 type and op four bits each; 0 where there is none
 *      24     8 count       elements of the operation's buffer
 * </pre>
 *
 * All fields are little-endian.
 */
public final class ChunkHeader {
    /** Bytes of a header. */
    static final int LENGTH = 32;

    private static final int KEY = 0;
    private static final int CHECKSUM = 8;
    private static final int SEQUENCE = 12;
    private static final int CHUNK = 16;
    private static final int ROOT = 20;
    private static final int COLLECTIVE = 22;
    private static final int TYPE_AND_OP = 23;
    private static final int COUNT = 24;

    /** Where that begins which a checksum is of. */
    static final int CHECKED = SEQUENCE;

    /** Keeps generations apart also where their keys are the same. */
    private static final long GOLDEN_RATIO = 0x9e3779b97f4a7c15L;

    private final MutableDirectBuffer buffer = new UnsafeBuffer(0, 0);

    /** Creates a header that lies in no memory yet. */
    ChunkHeader() {}

    static ChunkHeader allocate() {
        return new ChunkHeader().wrap(new UnsafeBuffer(new byte[LENGTH]), 0);
    }

    /** Lets this header lie at {@code offset} of {@code memory}, which must have {@value #LENGTH} bytes there. */
    ChunkHeader wrap(DirectBuffer memory, int offset) {
        buffer.wrap(memory, offset, LENGTH);
        return this;
    }

    /** Copies this header to {@code offset} of {@code target}. */
    void copyTo(MutableDirectBuffer target, int offset) {
        target.putBytes(offset, buffer, 0, LENGTH);
    }

    void copyTo(ChunkHeader target) {
        copyTo(target.buffer, 0);
    }

    ChunkHeader of(Ring ring) {
        buffer.putLong(KEY, ring.key() + ring.generation() * GOLDEN_RATIO, LITTLE_ENDIAN);
        return this;
    }

    ChunkHeader operation(Collective collective, int sequence, int root, long count) {
        buffer.putInt(SEQUENCE, sequence, LITTLE_ENDIAN);
        buffer.putShort(ROOT, (short) root, LITTLE_ENDIAN);
        buffer.putByte(COLLECTIVE, (byte) collective.code());
        buffer.putByte(TYPE_AND_OP, (byte) 0);
        buffer.putLong(COUNT, count, LITTLE_ENDIAN);
        return chunk(0);
    }

    ChunkHeader numbers(DataType type, @Nullable ReduceOp op) {
        buffer.putByte(TYPE_AND_OP, (byte) (type.code() << 4 | (op == null ? 0 : op.code())));
        return this;
    }

    ChunkHeader chunk(int chunk) {
        buffer.putInt(CHUNK, chunk, LITTLE_ENDIAN);
        return this;
    }

    int chunk() {
        return buffer.getInt(CHUNK, LITTLE_ENDIAN);
    }

    /** Returns the checksum; {@link #CHECKED} is where what it is of begins. */
    int checksum() {
        return buffer.getInt(CHECKSUM, LITTLE_ENDIAN);
    }

    void checksum(int checksum) {
        buffer.putInt(CHECKSUM, checksum, LITTLE_ENDIAN);
    }

    int sequence() {
        return buffer.getInt(SEQUENCE, LITTLE_ENDIAN);
    }

    int root() {
        return Short.toUnsignedInt(buffer.getShort(ROOT, LITTLE_ENDIAN));
    }

    long count() {
        return buffer.getLong(COUNT, LITTLE_ENDIAN);
    }

    boolean is(Collective collective) {
        return Byte.toUnsignedInt(buffer.getByte(COLLECTIVE)) == collective.code();
    }

    boolean isOfGenerationOf(ChunkHeader other) {
        return buffer.getLong(KEY) == other.buffer.getLong(KEY);
    }

    boolean isOfOperationOf(ChunkHeader other) {
        return sequence() == other.sequence()
                && buffer.getInt(ROOT) == other.buffer.getInt(ROOT) // root, collective, type and op
                && count() == other.count();
    }

    /** Says what the sender does, in the words of the API: {@code "all-reduce #7 (SUM of 1000 F32)"}. */
    @Override
    public String toString() {
        int typeAndOp = Byte.toUnsignedInt(buffer.getByte(TYPE_AND_OP));
        String operation = nameOf(Collective.values(), Collective::code, Byte.toUnsignedInt(buffer.getByte(COLLECTIVE)))
                + " #" + Integer.toUnsignedString(sequence());
        if (typeAndOp == 0) {
            return operation;
        }
        String numbers =
                Long.toUnsignedString(count()) + " " + nameOf(DataType.values(), DataType::code, typeAndOp >> 4);
        return operation + " ("
                + ((typeAndOp & 15) == 0
                        ? numbers + " from root " + root()
                        : nameOf(ReduceOp.values(), ReduceOp::code, typeAndOp & 15) + " of " + numbers)
                + ")";
    }

    private static <T> String nameOf(T[] values, ToIntFunction<T> code, int wanted) {
        return Arrays.stream(values)
                .filter(value -> code.applyAsInt(value) == wanted)
                .findFirst()
                .map(Object::toString)
                .orElse("unknown code " + wanted);
    }
}
