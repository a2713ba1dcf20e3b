package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.checksum.Crc32c;

/** A chunk as any transport carries it: the header, then the data. One for each end that receives; not thread-safe. */
public final class ChunkMessage {
    private static final int CACHE_LINE = 64;

    private final ChunkHeader received = new ChunkHeader();

    /** Creates the flyweight of a receiving end. */
    public ChunkMessage() {}

    /** Returns the bytes of a message with {@code dataLength} bytes of data. */
    public static int length(int dataLength) {
        return ChunkHeader.LENGTH + dataLength;
    }

    /** Returns the most data, in whole cache lines, of messages with at most {@code maxLength} bytes. */
    public static int maxDataLength(int maxLength) {
        return (maxLength - ChunkHeader.LENGTH) / CACHE_LINE * CACHE_LINE;
    }

    /**
     * Writes a message.
     *
     * @param header copied
     * @param data the segment with the chunk's bytes; copied
     * @param offset bytes from the start of {@code data}
     * @param length bytes of data
     * @param target off-heap, with room for {@link #length} bytes at {@code index}
     */
    public static void write(
            ChunkHeader header, MemorySegment data, long offset, int length, MutableDirectBuffer target, int index) {
        header.copyTo(target, index);
        long address = NativeMemory.address(target, index + ChunkHeader.LENGTH);
        MemorySegment.copy(data, offset, NativeMemory.EVERYWHERE, address, length);
    }

    /**
     * Puts a checksum into a message.
     *
     * @param message off-heap, with a whole message at {@code index}
     * @param length bytes of the message
     */
    public void seal(MutableDirectBuffer message, int index, int length) {
        received.wrap(message, index).checksum(checksum(message, index, length));
    }

    /** Returns whether a message is as it was when it was sealed. */
    public boolean isIntact(DirectBuffer message, int index, int length) {
        return length >= ChunkHeader.LENGTH
                && received.wrap(message, index).checksum() == checksum(message, index, length);
    }

    private static int checksum(DirectBuffer message, int index, int length) {
        return Crc32c.INSTANCE.compute(
                message.addressOffset(), index + ChunkHeader.CHECKED, length - ChunkHeader.CHECKED);
    }

    /**
     * Hands a message to a receiver, where it lies.
     *
     * @param buffer off-heap, with a whole message at {@code index}
     * @param length bytes of the message; a shorter one than a header is a stranger's, and dropped
     * @return false if the receiver leaves it there
     */
    public boolean handTo(ChunkReceiver receiver, DirectBuffer buffer, int index, int length) {
        return length < ChunkHeader.LENGTH
                || receiver.onChunk(
                        received.wrap(buffer, index),
                        NativeMemory.EVERYWHERE,
                        NativeMemory.address(buffer, index + ChunkHeader.LENGTH),
                        length - ChunkHeader.LENGTH);
    }
}
