package io.kolo.allreduce;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A file in memory that all ranks of a host have mapped, and nobody else can open: it is readable by its user alone. It
 * is reserved before it is mapped: a mapping that has no memory behind it would end the process at the first store.
 */
final class HostMemory implements AutoCloseable {
    /** Parts of a memory begin at pages. */
    static final int ALIGNMENT = 4096;

    /** The first page is the proof that this is the file which was meant. */
    static final int HEADER = ALIGNMENT;

    private static final System.Logger LOG = System.getLogger(HostMemory.class.getName());
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final int RESERVE_BLOCK = 256 << 10;

    private static final FileAttribute<?> ONLY_OWNER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

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

    /** Returns where it was made. */
    Path folder() {
        return path.resolveSibling(".").normalize();
    }

    long name() {
        return segment.get(LONG, 0);
    }

    long proof() {
        return segment.get(LONG, Long.BYTES);
    }

    /** Touches all small pages, so that the first who works on them need not. */
    void touch() {
        if (segment.isMapped()) {
            segment.load();
        }
    }

    /**
     * Makes a memory; it can be found, under its name, once it is whole.
     *
     * @param name and {@code proof}: what others have to know to open it
     */
    static HostMemory create(Path folder, long length, long name, long proof) throws IOException {
        try (Blank blank = Blank.reserve(folder, length)) {
            return blank.become(folder, length, name, proof);
        }
    }

    /** Memory that is reserved, and can't be found yet: closing it lets it go, unless it has become something. */
    static final class Blank implements AutoCloseable {
        private final Path path;
        private final FileChannel file;
        private boolean large;

        private Blank(Path path, FileChannel file) {
            this.path = path;
            this.file = file;
        }

        static Blank reserve(Path folder, long length) throws IOException {
            try {
                Path path = Files.createTempFile(folder, "blank-", "", ONLY_OWNER);
                Blank blank =
                        new Blank(path, FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
                try {
                    long inLargePages = LargePages.reserve(blank.file, length);
                    blank.large = inLargePages > 0;
                    HostMemory.reserve(blank.file, inLargePages, length);
                } catch (IOException e) {
                    blank.close();
                    throw e;
                }
                return blank;
            } catch (IOException e) {
                throw new IOException(length + " bytes can't be reserved in " + folder + ": " + e, e);
            }
        }

        long length() throws IOException {
            return file.size();
        }

        /** Makes a memory of it, no longer than this, that can be found under its name from now on. */
        HostMemory become(Path folder, long length, long name, long proof) throws IOException {
            file.truncate(length);
            HostMemory memory = map(HostMemory.file(folder, name), file, length, large);
            memory.segment.set(LONG, 0, name);
            memory.segment.set(LONG, Long.BYTES, proof);
            try {
                Files.move(path, memory.path, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                memory.close();
                throw e;
            }
            return memory;
        }

        @Override
        public void close() throws IOException {
            file.close();
            unlink(path);
        }
    }

    /** Puts an empty file in the place of a memory: whoever comes to open it fails at once, and need not wait. */
    static void refuse(Path folder, long name) {
        Path file = file(folder, name);
        try {
            Path empty = Files.createTempFile(folder, "none-", "");
            Files.move(empty, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.INFO, "the other ranks have to wait in vain at " + file, e);
        }
    }

    /** Returns whether a rank has refused a memory. */
    static boolean isRefused(Path folder, long name) {
        try {
            return Files.size(file(folder, name)) == 0;
        } catch (IOException e) {
            return false; // it was deleted when the last rank had it, or there is none yet
        }
    }

    /** A file on a file system in memory has memory where it was written. */
    private static void reserve(FileChannel file, long start, long length) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(RESERVE_BLOCK, length));
        for (long done = start; done < length; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), length - done));
            done += file.write(zeros, done);
        }
    }

    static Path file(Path folder, long name) {
        return folder.resolve("ranks-" + Long.toHexString(name));
    }

    static HostMemory open(Path folder, long length, long name, long proof) throws IOException {
        Path path = file(folder, name);
        try {
            return openProven(path, length, name, proof);
        } catch (IOException e) {
            throw new IOException("can't map " + path + ": " + e, e);
        }
    }

    private static HostMemory openProven(Path path, long length, long name, long proof) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (file.size() != length) {
                throw new IOException("it has " + file.size() + " bytes, not " + length);
            }
            HostMemory memory = map(path, file, length, length >= LargePages.WORTHWHILE_BYTES);
            if (memory.segment.get(LONG, 0) != name || memory.segment.get(LONG, Long.BYTES) != proof) {
                memory.close();
                throw new IOException("it is another file of that name");
            }
            return memory;
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // it is, with the memory
    private static HostMemory map(Path path, FileChannel file, long length, boolean large) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment segment = large
                    ? LargePages.map(file, length, arena)
                    : file.map(FileChannel.MapMode.READ_WRITE, 0, length, arena);
            return new HostMemory(path, arena, segment);
        } catch (IOException e) {
            arena.close();
            throw e;
        }
    }

    /** Has nobody find it any more; who has mapped it keeps it. */
    void unlink() {
        unlink(path);
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
}
