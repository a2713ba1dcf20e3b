package io.kolo.allreduce;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The news that an operation has failed, as a chunk. A rank that fails sends it to its right once, and so it goes round
 * the ring until it meets a rank that knows. Its data are the kind of error, two ranks (4 bytes each) and a message in
 * UTF-8.
 */
final class Abort {
    private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MESSAGE = 12;
    private static final int MAX_LENGTH = 1024;

    private static final int ABORTED = 1;
    private static final int MISMATCH = 2;
    private static final int TIMEOUT = 3;

    private final ChunkHeader header;

    Abort(Ring ring) {
        this.header = ChunkHeader.allocate().of(ring).operation(Collective.ABORT, 0, 0, 0);
    }

    boolean trySend(Link link, CollectiveException failure) {
        MemorySegment data = MemorySegment.ofArray(write(failure, Math.min(MAX_LENGTH, link.maxChunkBytes())));
        return link.trySend(header, data, 0, (int) data.byteSize());
    }

    static byte[] write(CollectiveException failure, int maxLength) {
        byte[] message = failure.getMessage().getBytes(UTF_8);
        byte[] bytes = new byte[Math.min(maxLength, MESSAGE + message.length)];
        MemorySegment data = MemorySegment.ofArray(bytes);
        switch (failure) {
            case CollectiveAbortedException aborted -> ranks(data, ABORTED, aborted.culprit(), 0);
            case CollectiveMismatchException mismatch ->
                ranks(data, MISMATCH, mismatch.leftRank(), mismatch.rightRank());
            case CollectiveTimeoutException timeout -> ranks(data, TIMEOUT, timeout.awaitedRank(), 0);
        }
        System.arraycopy(message, 0, bytes, MESSAGE, bytes.length - MESSAGE);
        return bytes;
    }

    private static void ranks(MemorySegment data, int kind, int first, int second) {
        data.set(INT, 0, kind);
        data.set(INT, 4, first);
        data.set(INT, 8, second);
    }

    static CollectiveException read(MemorySegment data, long offset, int length) {
        if (length < MESSAGE) {
            return new CollectiveAbortedException("a neighbour gave up and sent " + length + " bytes of reason", -1);
        }
        byte[] bytes = data.asSlice(offset, length).toArray(JAVA_BYTE);
        String message = new String(Arrays.copyOfRange(bytes, MESSAGE, length), UTF_8);
        int first = data.get(INT, offset + 4);
        return switch (data.get(INT, offset)) {
            case MISMATCH -> new CollectiveMismatchException(message, first, data.get(INT, offset + 8));
            case TIMEOUT -> new CollectiveTimeoutException(message, first);
            default -> new CollectiveAbortedException(message, first);
        };
    }
}
