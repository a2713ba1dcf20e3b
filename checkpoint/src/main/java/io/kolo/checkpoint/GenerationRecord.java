package io.kolo.checkpoint;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A generation, as a journal keeps it. On disk, big-endian: format (2 bytes), number (4), step of the base (8),
 * generation of the base (4), batches dealt (8), number of members (4); for each member its worker (4), whether it has
 * the base (1), and its host (2 bytes of length, then modified UTF-8); last the CRC32C (4) of all that.
 *
 * @param number 1 for the first
 * @param baseStep the last step that counts in the generations before
 * @param baseGeneration the generation that did this step
 * @param dealt how many local batches all steps up to the base have taken
 * @param members by rank
 */
public record GenerationRecord(int number, long baseStep, int baseGeneration, long dealt, List<Member> members) {
    private static final short FORMAT = 1;
    private static final int CHECKSUM_BYTES = Integer.BYTES;
    private static final int LEAST_MEMBER_BYTES = Integer.BYTES + 1 + Short.BYTES;

    /** A record; the list is copied. */
    public GenerationRecord {
        members = List.copyOf(members);
    }

    /**
     * A worker of a generation.
     *
     * @param worker its number in the job
     * @param host where it runs
     * @param holder whether it had the state that the generation starts from
     */
    public record Member(int worker, String host, boolean holder) {}

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeShort(FORMAT);
            out.writeInt(number);
            out.writeLong(baseStep);
            out.writeInt(baseGeneration);
            out.writeLong(dealt);
            out.writeInt(members.size());
            for (Member member : members) {
                out.writeInt(member.worker);
                out.writeBoolean(member.holder);
                out.writeUTF(member.host);
            }
            out.writeInt(checksum(bytes.toByteArray(), bytes.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @throws IllegalArgumentException if it is something else
     */
    static GenerationRecord decode(byte[] bytes) {
        int length = bytes.length - CHECKSUM_BYTES;
        if (length < 0 || ByteBuffer.wrap(bytes).getInt(length) != checksum(bytes, length)) {
            throw new IllegalArgumentException("a record whose checksum is wrong");
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, 0, length))) {
            short format = in.readShort();
            if (format != FORMAT) {
                throw new IllegalArgumentException("a record of format " + format + "; this version reads " + FORMAT);
            }
            int number = in.readInt();
            long baseStep = in.readLong();
            int baseGeneration = in.readInt();
            long dealt = in.readLong();
            int count = in.readInt();
            if (count < 0 || count > in.available() / LEAST_MEMBER_BYTES) {
                throw new IllegalArgumentException("a record of " + count + " members, in " + length + " bytes");
            }
            List<Member> members = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                int worker = in.readInt();
                boolean holder = in.readBoolean();
                members.add(new Member(worker, in.readUTF(), holder));
            }
            return new GenerationRecord(number, baseStep, baseGeneration, dealt, members);
        } catch (IOException e) {
            throw new IllegalArgumentException("a record that ends too early", e);
        }
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, length);
        return (int) checksum.getValue();
    }
}
