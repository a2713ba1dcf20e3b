package io.kolo.ray.node;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class FrameTest {
    @Test
    void shouldReadWhatWasWritten() {
        Frame read = Frame.decode(
                Frame.of("ship", 17, new byte[] {0, -1}, List.of("a", "", "ü")).encode());
        assertEquals("ship", read.word());
        assertEquals(17, read.number(1));
        assertArrayEquals(new byte[] {0, -1}, read.bytes(2));
        assertEquals(List.of("a", "", "ü"), read.texts(3));
        assertEquals("17", read.tail().word());
        assertEquals("ship", read.under("more").tail().word());
    }

    @Test
    void shouldRefuseWhatIsCutOffAnywhere() {
        byte[] whole = Frame.of("launch", "worker-1", 4711).encode();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThrows(UncheckedIOException.class, () -> Frame.decode(cut), "the first " + length + " bytes");
        }
    }

    @Test
    void shouldRefuseLengthsThatCantBe() {
        for (int length : new int[] {-1, 0, Integer.MAX_VALUE}) {
            byte[] count = ByteBuffer.allocate(8).putInt(length).array();
            assertThrows(UncheckedIOException.class, () -> Frame.decode(count), "fields: " + length);
        }
        byte[] field =
                ByteBuffer.allocate(8).putInt(1).putInt(Integer.MAX_VALUE).array();
        assertThrows(UncheckedIOException.class, () -> Frame.decode(field));
    }

    @Test
    void shouldSayWhichFieldIsMissing() {
        assertEquals(
                "kill has no field 1",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Frame.of("kill").text(1))
                        .getMessage());
    }
}
