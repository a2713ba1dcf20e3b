package io.kolo.allreduce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class ChunkMessageTest {
    private static final int INDEX = 64;

    private final UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(256));
    private final ChunkMessage message = new ChunkMessage();
    private int length;

    private void write(Ring ring) {
        ChunkHeader header = ChunkHeader.allocate().of(ring).operation(Collective.BROADCAST, 3, 1, 7);
        byte[] data = "an odd number of bytes.".getBytes(UTF_8);
        ChunkMessage.write(header, MemorySegment.ofArray(data), 0, data.length, buffer, INDEX);
        length = ChunkMessage.length(data.length);
        message.seal(buffer, INDEX, length);
    }

    @Test
    void shouldFindEveryBitThatIsNotAsItWas() {
        write(new Ring(1, 42, 0, 2));
        assertTrue(message.isIntact(buffer, INDEX, length));
        for (int bit = 8 * Byte.SIZE; bit < length * Byte.SIZE; bit++) { // the key is compared as it is
            int index = INDEX + bit / Byte.SIZE;
            byte whole = buffer.getByte(index);
            buffer.putByte(index, (byte) (whole ^ (1 << (bit % Byte.SIZE))));
            assertFalse(message.isIntact(buffer, INDEX, length), "bit " + bit);
            buffer.putByte(index, whole);
        }
        assertFalse(message.isIntact(buffer, INDEX, length - 1));
        assertFalse(message.isIntact(buffer, INDEX, ChunkHeader.LENGTH - 1));
        assertTrue(message.isIntact(buffer, INDEX, length));
    }

    @Test
    void shouldKeepGenerationsOfOneKeyApart() {
        ChunkHeader first = ChunkHeader.allocate().of(new Ring(1, 42, 0, 2));
        ChunkHeader second = ChunkHeader.allocate().of(new Ring(2, 42, 0, 2));
        assertFalse(first.isOfGenerationOf(second));
        assertEquals(true, first.isOfGenerationOf(ChunkHeader.allocate().of(new Ring(1, 42, 1, 2))));
    }
}
