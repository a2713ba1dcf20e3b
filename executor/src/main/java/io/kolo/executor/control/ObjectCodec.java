package io.kolo.executor.control;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
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
    public static byte[] write(@Nullable Object object, String role) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        } catch (NotSerializableException e) {
            throw new IllegalArgumentException(role + " can't be sent: " + NotSerializable.describe(object, e), e);
        } catch (IOException e) {
            throw new IllegalArgumentException(role + " can't be sent: " + e.getMessage(), e);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @param bytes from an authenticated stream
     * @param loader knows the user's classes
     * @param role what it is, for the message: "the result of rank 1"
     * @throws IllegalArgumentException if the bytes can't be read, for instance because a class is missing here
     */
    public static @Nullable Object read(byte[] bytes, ClassLoader loader, String role) {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes)) {
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
}
