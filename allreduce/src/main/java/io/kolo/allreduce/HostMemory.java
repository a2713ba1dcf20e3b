package io.kolo.allreduce;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file in memory that all ranks of a host have mapped, and nobody else can open: it is readable by its user alone,
 * and unlinked as soon as the last rank has it. It is reserved before it is mapped: a mapping that has no memory behind
 * it would end the process at the first store.
 */
final class HostMemory implements AutoCloseable {
    /** Parts of a memory begin at pages. */
    static final int ALIGNMENT = 4096;

    /** The first page is the proof that this is the file which was meant. */
    static final int HEADER = ALIGNMENT;

    private static final System.Logger LOG = System.getLogger(HostMemory.class.getName());
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final int RESERVE_BLOCK = 1 << 20;

    private final Path path;
    private final Arena arena;
    private final MemorySegment segment;

    private HostMemory(Path path, Arena arena, MemorySegment segment) {
        this.path = path;
        this.arena = arena;
        this.segment = segment;
    }

    /** Returns the length of a memory with a part of at least {@code length} bytes for each rank. */
    static long lengthOfParts(int size, long length) {
        return HEADER + size * stride(length);
    }

    static long stride(long length) {
        return Math.ceilDiv(Math.max(1, length), ALIGNMENT) * ALIGNMENT;
    }

    MemorySegment segment() {
        return segment;
    }

    /** Returns a rank's part, of {@code length} bytes. */
    MemorySegment part(int rank, long length) {
        return segment.asSlice(HEADER + rank * stride(length), length);
    }

    /** Returns where it was made; nothing is there any more. */
    Path folder() {
        return path.resolveSibling(".").normalize();
    }

    /**
     * Has rank 0 make a memory and all ranks map it.
     *
     * @param communicator of all ranks, for the agreement
     * @param folder rank 0's counts
     * @param length bytes
     * @return null on all ranks if one of them can't; the reason is in the log
     */
    static @Nullable HostMemory agree(Communicator communicator, Ring ring, Path folder, long length) {
        Offer offer = new Offer();
        HostMemory memory = null;
        String reason = "";
        try {
            if (ring.rank() == 0) {
                memory = create(folder, length, offer);
            }
        } catch (IOException e) {
            reason = length + " bytes can't be reserved in " + folder + ": " + e;
        }
        communicator.broadcast(offer.bytes, DataType.I64, 0);
        try {
            if (ring.rank() != 0 && offer.isMade()) {
                memory = open(offer, length);
            }
        } catch (IOException e) {
            reason = "rank " + ring.rank() + " is on another host, or can't map " + offer.path() + ": " + e;
        }
        int[] mapped = {memory == null ? 0 : 1};
        communicator.allReduce(MemorySegment.ofArray(mapped), DataType.I32, ReduceOp.MIN);
        if (ring.rank() == 0 && memory != null) {
            unlink(memory.path);
        }
        if (mapped[0] == 1) {
            return memory;
        }
        if (memory != null) {
            memory.close();
        }
        if (!reason.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, "no shared memory: {0}", reason);
        }
        return null;
    }

    private static HostMemory create(Path folder, long length, Offer offer) throws IOException {
        long first = new SecureRandom().nextLong();
        long second = new SecureRandom().nextLong();
        Path path = folder.toAbsolutePath().resolve("ranks-" + Long.toHexString(first));
        try (FileChannel file = FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            try {
                reserve(file, length);
                HostMemory memory = map(path, file, length);
                memory.segment.set(LONG, 0, first);
                memory.segment.set(LONG, Long.BYTES, second);
                offer.make(first, second, path);
                return memory;
            } catch (IOException e) {
                unlink(path);
                throw e;
            }
        }
    }

    /** A file on a file system in memory has memory where it was written. */
    private static void reserve(FileChannel file, long length) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(RESERVE_BLOCK, length));
        for (long done = 0; done < length; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), length - done));
            done += file.write(zeros, done);
        }
    }

    private static HostMemory open(Offer offer, long length) throws IOException {
        try (FileChannel file = FileChannel.open(offer.path(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (file.size() != length) {
                throw new IOException("it has " + file.size() + " bytes, not " + length);
            }
            HostMemory memory = map(offer.path(), file, length);
            if (memory.segment.get(LONG, 0) != offer.first()
                    || memory.segment.get(LONG, Long.BYTES) != offer.second()) {
                memory.close();
                throw new IOException("it is another file of that name");
            }
            return memory;
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // it is, with the memory
    private static HostMemory map(Path path, FileChannel file, long length) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return new HostMemory(path, arena, file.map(FileChannel.MapMode.READ_WRITE, 0, length, arena));
        } catch (IOException e) {
            arena.close();
            throw e;
        }
    }

    private static void unlink(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "could not delete " + path, e);
        }
    }

    /** Unmaps it; whoever still uses it gets an error, and so nobody must. */
    @Override
    public void close() {
        arena.close();
    }

    /** What rank 0 tells the others: whether there is a file, what must be in it, and where it is. */
    private static final class Offer {
        private static final int PATH_LENGTH = 24;
        private static final int PATH = 32;
        private static final int LENGTH = 4096;

        private final MemorySegment bytes = MemorySegment.ofArray(new byte[LENGTH]);

        void make(long first, long second, Path path) throws IOException {
            byte[] name = path.toString().getBytes(UTF_8);
            if (name.length > LENGTH - PATH) {
                throw new IOException("a path of " + name.length + " bytes is too long");
            }
            bytes.set(LONG, 0, 1);
            bytes.set(LONG, 8, first);
            bytes.set(LONG, 16, second);
            bytes.set(LONG, PATH_LENGTH, name.length);
            MemorySegment.copy(name, 0, bytes, ValueLayout.JAVA_BYTE, PATH, name.length);
        }

        boolean isMade() {
            return bytes.get(LONG, 0) == 1;
        }

        long first() {
            return bytes.get(LONG, 8);
        }

        long second() {
            return bytes.get(LONG, 16);
        }

        Path path() {
            byte[] name = bytes.asSlice(PATH, bytes.get(LONG, PATH_LENGTH)).toArray(ValueLayout.JAVA_BYTE);
            return Path.of(new String(name, UTF_8));
        }
    }
}
