package io.kolo.executor.control;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.kolo.executor.control.proto.Part;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Cuts a serialized object into messages, and puts it together again. */
public final class Parts {
    private static final int PART_BYTES = 1 << 20;

    private ByteString received = ByteString.EMPTY;

    /** Starts with nothing received. */
    public Parts() {}

    /**
     * Sends {@code bytes} as the object of run {@code run}.
     *
     * @return false if the stream closed on the way
     */
    public static <T> boolean send(byte[] bytes, int run, Outbox<T> outbox, Function<Part, T> message)
            throws TimeoutException, InterruptedException {
        ByteString whole = UnsafeByteOperations.unsafeWrap(bytes);
        int offset = 0;
        do {
            int end = Math.min(offset + PART_BYTES, bytes.length);
            Part part = Part.newBuilder()
                    .setRun(run)
                    .setBytes(whole.substring(offset, end))
                    .setLast(end == bytes.length)
                    .build();
            if (!outbox.send(message.apply(part))) {
                return false;
            }
            offset = end;
        } while (offset < bytes.length);
        return true;
    }

    /** Takes the next part; returns the object's bytes if it was the last one. */
    public Optional<byte[]> add(Part part) {
        received = received.concat(part.getBytes());
        if (!part.getLast()) {
            return Optional.empty();
        }
        byte[] whole = received.toByteArray();
        received = ByteString.EMPTY;
        return Optional.of(whole);
    }
}
