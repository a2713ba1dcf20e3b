package io.kolo.ray.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SealedTest {
    private static final byte[] SECRET = "a job's token".getBytes(UTF_8);

    private final Sealed receiver = new Sealed();

    @Test
    void shouldOpenWhatWasSealedForIt() {
        Frame sealed = Sealed.seal(receiver.publicKey(), SECRET);
        assertArrayEquals(SECRET, receiver.open(Frame.decode(sealed.encode())));
        assertFalse(new String(sealed.encode(), UTF_8).contains("token"));
    }

    @Test
    void shouldSealTheSameDifferentlyEachTime() {
        assertFalse(Arrays.equals(
                Sealed.seal(receiver.publicKey(), SECRET).bytes(2),
                Sealed.seal(receiver.publicKey(), SECRET).bytes(2)));
    }

    @Test
    void shouldNotOpenWhatIsForAnotherOneOrWasChanged() {
        Frame sealed = Sealed.seal(receiver.publicKey(), SECRET);
        assertThrows(IllegalArgumentException.class, () -> new Sealed().open(sealed));
        byte[] changed = sealed.bytes(2).clone();
        changed[3] ^= 1;
        Frame other = Frame.of("sealed", sealed.bytes(1), changed);
        assertThrows(IllegalArgumentException.class, () -> receiver.open(other));
        Frame noKey = Frame.of("sealed", new byte[5], sealed.bytes(2));
        assertThrows(IllegalArgumentException.class, () -> receiver.open(noKey));
    }
}
