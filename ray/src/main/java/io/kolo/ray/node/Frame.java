package io.kolo.ray.node;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What is said between driver, gateway and supervisors: fields of bytes, the first of which is a word that says what it
 * is. On the wire: the number of fields, and each field with its length, as big-endian integers.
 */
public final class Frame {
    private static final int MOST_FIELDS = 1 << 20;
    private static final int MOST_BYTES = 1 << 28;

    private final List<byte[]> fields;

    private Frame(List<byte[]> fields) {
        this.fields = fields;
    }

    /**
     * A frame.
     *
     * @param word what it is
     * @param fields byte arrays, or what has a text; lists are fields one after the other
     */
    public static Frame of(String word, Object... fields) {
        Frame frame = new Frame(new ArrayList<>());
        frame.fields.add(word.getBytes(UTF_8));
        for (Object field : fields) {
            if (field instanceof List) {
                ((List<?>) field).forEach(frame::add);
            } else {
                frame.add(field);
            }
        }
        return frame;
    }

    private void add(Object field) {
        fields.add(
                field instanceof byte[] ? (byte[]) field : String.valueOf(field).getBytes(UTF_8));
    }

    /** Returns what it is. */
    public String word() {
        return text(0);
    }

    /** Returns the number of fields, with the word. */
    public int size() {
        return fields.size();
    }

    /** Returns a field; the word is field 0. */
    public byte[] bytes(int field) {
        if (field >= fields.size()) {
            throw new IllegalArgumentException(word() + " has no field " + field);
        }
        return fields.get(field);
    }

    /** Returns a field as text. */
    public String text(int field) {
        return new String(bytes(field), UTF_8);
    }

    /** Returns a field as a number. */
    public long number(int field) {
        return Long.parseLong(text(field));
    }

    /** Returns the fields from one on, as texts. */
    public List<String> texts(int from) {
        List<String> texts = new ArrayList<>();
        for (int field = from; field < fields.size(); field++) {
            texts.add(text(field));
        }
        return texts;
    }

    /** Returns the frame without its word, whose place the next field takes. */
    public Frame tail() {
        return new Frame(fields.subList(1, fields.size()));
    }

    /** Returns the frame with a word before all of it, so that {@link #tail} of that is this one. */
    public Frame under(String word) {
        return of(word, fields);
    }

    /** Writes the frame. */
    public void write(DataOutputStream out) throws IOException {
        out.writeInt(fields.size());
        for (byte[] field : fields) {
            out.writeInt(field.length);
            out.write(field);
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IOException if it is something else, or there is nothing more
     */
    public static Frame read(DataInputStream in) throws IOException {
        int count = within(in.readInt(), 1, MOST_FIELDS);
        List<byte[]> fields = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] field = new byte[within(in.readInt(), 0, MOST_BYTES)];
            in.readFully(field);
            fields.add(field);
        }
        return new Frame(fields);
    }

    private static int within(int length, int least, int most) throws IOException {
        if (length < least || length > most) {
            throw new IOException("a frame can't have a length of " + length);
        }
        return length;
    }

    /** Returns the frame as bytes. */
    public byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            write(new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Reads what {@link #encode} returned. */
    public static Frame decode(byte[] bytes) {
        try {
            return read(new DataInputStream(new ByteArrayInputStream(bytes)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
