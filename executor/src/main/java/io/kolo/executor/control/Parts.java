package io.kolo.executor.control;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.proto.Part;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Cuts a serialized object into messages, and puts it together again. */
public final class Parts {
    /** What may be under way: some parts, so that neither side waits for the other's acknowledgement. */
    static final int WINDOW_BYTES = 8 << 20;

    private static final int PART_BYTES = 1 << 20;

    /** The longest object. */
    static final int MAX_BYTES = Integer.MAX_VALUE;

    private ByteString received = ByteString.EMPTY;
    private int run;

    /** Starts with nothing received. */
    public Parts() {}

    /**
     * Sends {@code whole} as the object of run {@code run}.
     *
     * @return false if the stream closed on the way
     */
    public static <T> boolean send(ByteString whole, int run, Outbox<T> outbox, Function<Part, T> message)
            throws TimeoutException, InterruptedException {
        int offset = 0;
        do {
            int end = offset + Math.min(PART_BYTES, whole.size() - offset);
            Part part = Part.newBuilder()
                    .setRun(run)
                    .setBytes(whole.substring(offset, end))
                    .setLast(end == whole.size())
                    .setFirst(offset == 0)
                    .build();
            if (!outbox.send(message.apply(part))) {
                return false;
            }
            offset = end;
        } while (offset < whole.size());
        return true;
    }

    /**
     * Takes the next part; returns the object's bytes, where they lie, if it was the last one.
     *
     * @throws IllegalArgumentException if this can't be a part of one object: another run's, or too much
     */
    public Optional<ByteString> add(Part part) {
        if (part.getFirst()) {
            received = ByteString.EMPTY;
        }
        if (!received.isEmpty() && part.getRun() != run) {
            throw new IllegalArgumentException("a part of run " + part.getRun() + " in the midst of run " + run);
        }
        if ((long) received.size() + part.getBytes().size() > MAX_BYTES) {
            throw new IllegalArgumentException("an object of more than " + MAX_BYTES + " bytes");
        }
        run = part.getRun();
        received = received.concat(part.getBytes());
        if (!part.getLast()) {
            return Optional.empty();
        }
        ByteString whole = received;
        received = ByteString.EMPTY;
        return Optional.of(whole);
    }
}
