package io.kolo.executor.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.proto.Part;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PartsTest {
    private final Parts parts = new Parts();

    private static Part part(int run, String text, boolean first, boolean last) {
        return Part.newBuilder()
                .setRun(run)
                .setBytes(ByteString.copyFromUtf8(text))
                .setFirst(first)
                .setLast(last)
                .build();
    }

    @Test
    void shouldForgetAnObjectThatWasCutOff() {
        assertEquals(Optional.empty(), parts.add(part(1, "from a driver that", true, false)));
        assertEquals(Optional.empty(), parts.add(part(1, "from the ", true, false)));
        assertEquals(Optional.of(ByteString.copyFromUtf8("from the next")), parts.add(part(1, "next", false, true)));
    }

    @Test
    void shouldRefuseAPartOfAnotherRun() {
        assertEquals(Optional.empty(), parts.add(part(1, "one", true, false)));
        assertThrows(IllegalArgumentException.class, () -> parts.add(part(2, "two", false, true)));
    }
}
