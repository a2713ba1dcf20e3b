package io.kolo.allreduce;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Large pages for a file in memory. Linux makes them on request, whatever is set for such files in general, since 6.1
 * (madvise(2), {@code MADV_COLLAPSE}); and has them used by whoever maps the file at a multiple of their size, which
 * {@link FileChannel#map} does not promise.
 */
final class LargePages {
    /** Of one of them, on x86-64. */
    static final long BYTES = 2 << 20;

    /** Smaller memories are within reach of the processor's table of small pages. */
    static final long WORTHWHILE_BYTES = 4 * BYTES;

    private static final int PROT_NONE = 0;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MREMAP_MAYMOVE = 1;
    private static final int MREMAP_FIXED = 2;
    private static final int MADV_COLLAPSE = 25;
    private static final long FAILED = -1;

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final MethodHandle MMAP =
            function("mmap", FunctionDescriptor.of(WORD, WORD, WORD, INT, INT, INT, WORD));
    private static final MethodHandle MREMAP = function(
            "mremap",
            FunctionDescriptor.of(WORD, WORD, WORD, WORD, INT, WORD),
            Linker.Option.firstVariadicArg(4)); // the new address
    private static final MethodHandle MUNMAP = function("munmap", FunctionDescriptor.of(INT, WORD, WORD));
    private static final MethodHandle MADVISE = function("madvise", FunctionDescriptor.of(INT, WORD, WORD, INT));

    private LargePages() {}

    /**
     * Reserves the start of a new file in large pages of zeros.
     *
     * @param length bytes that the file is to have
     * @return bytes that are reserved: all that fill large pages, or 0 if they aren't worth it or the system has none
     */
    static long reserve(FileChannel file, long length) throws IOException {
        if (length < WORTHWHILE_BYTES) {
            return 0;
        }
        long whole = length / BYTES * BYTES;
        for (long page = 0; page < whole; page += BYTES) {
            file.write(ByteBuffer.allocate(1), page); // one that is quite empty is none for Linux
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mapped = map(file, whole, arena);
            return call(MADVISE, mapped.address(), whole, MADV_COLLAPSE) == 0 ? whole : 0;
        }
    }

    /** Maps the start of a file, of {@code length} bytes, at a multiple of a large page. */
    static MemorySegment map(FileChannel file, long length, Arena arena) throws IOException {
        try (Arena anywhere = Arena.ofConfined()) {
            MemorySegment mapped = file.map(FileChannel.MapMode.READ_WRITE, 0, length, anywhere);
            long room = length + BYTES;
            long start = call(MMAP, 0L, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
            if (start == FAILED) {
                throw new IOException("this process has no addresses left for " + room + " bytes");
            }
            long aligned = Math.ceilDiv(start, BYTES) * BYTES;
            // With an old size of 0 the same pages are mapped once more, as mremap(2) has it.
            if (call(MREMAP, mapped.address(), 0L, length, MREMAP_MAYMOVE | MREMAP_FIXED, aligned) == FAILED) {
                call(MUNMAP, start, room);
                throw new IOException(length + " bytes can't be mapped a second time");
            }
            return NativeMemory.mapped(aligned, length, arena, () -> call(MUNMAP, start, room));
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, FunctionDescriptor type, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, options);
    }

    private static long call(MethodHandle function, Object... arguments) {
        try {
            return ((Number) function.invokeWithArguments(arguments)).longValue();
        } catch (Throwable e) { // as the handle declares it; functions of C throw nothing
            throw new LinkageError("a function of the C library can't be called", e);
        }
    }
}
