package io.kolo.executor.control;

import com.google.protobuf.ByteString;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Training functions and their results as bytes: the one class that deserializes. It is only given what came over a
 * stream that was opened with the job's token.
 */
public final class ObjectCodec {
    private ObjectCodec() {}

    /**
     * Serializes an object.
     *
     * @param object what to write
     * @param role what it is, for the message: "the training function"
     * @throws IllegalArgumentException if something in it is not serializable, naming the way to it by class and field
     */
    public static ByteString write(@Nullable Object object, String role) {
        ByteString.Output bytes = ByteString.newOutput(); // no array that doubles: an object may have a gigabyte
        try (ObjectOutputStream out = new ObjectOutputStream(new Limited(bytes))) {
            out.writeObject(object);
        } catch (NotSerializableException e) {
            throw new IllegalArgumentException(role + " can't be sent: " + NotSerializable.describe(object, e), e);
        } catch (IOException e) {
            throw new IllegalArgumentException(role + " can't be sent: " + e.getMessage(), e);
        }
        return bytes.toByteString();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @param bytes from an authenticated stream
     * @param loader knows the user's classes
     * @param role what it is, for the message: "the result of rank 1"
     * @throws IllegalArgumentException if the bytes can't be read, for instance because a class is missing here
     */
    public static @Nullable Object read(ByteString bytes, ClassLoader loader, String role) {
        try (ObjectInputStream in = new ObjectInputStream(bytes.newInput()) {
            @Override
            protected Class<?> resolveClass(ObjectStreamClass type) throws IOException, ClassNotFoundException {
                try {
                    return Class.forName(type.getName(), false, loader);
                } catch (ClassNotFoundException e) {
                    return super.resolveClass(type); // primitives
                }
            }
        }) {
            return in.readObject();
        } catch (IOException | ClassNotFoundException e) {
            throw new IllegalArgumentException(role + " can't be read here: " + e, e);
        }
    }

    /** An object travels as one value with an int for its length. */
    private static final class Limited extends FilterOutputStream {
        private long length;

        Limited(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int value) throws IOException {
            count(1);
            out.write(value);
        }

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            count(count);
            out.write(bytes, offset, count);
        }

        private void count(int more) throws IOException {
            length += more;
            if (length > Parts.MAX_BYTES) {
                throw new IOException("it has more than 2 GiB, so write it to a file and send the file's name");
            }
        }
    }
}
