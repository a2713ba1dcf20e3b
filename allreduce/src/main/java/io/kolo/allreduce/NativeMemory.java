package io.kolo.allreduce;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.agrona.DirectBuffer;

/** The one place of this module that turns addresses into segments. */
final class NativeMemory {
    /** The whole address space: offsets are addresses. Only for runs whose bounds have been checked elsewhere. */
    static final MemorySegment EVERYWHERE = everywhere();

    private NativeMemory() {}

    /** Returns the address, an offset in {@link #EVERYWHERE}, of byte {@code index} of an off-heap buffer. */
    static long address(DirectBuffer buffer, int index) {
        return buffer.addressOffset() + index;
    }

    /** Returns memory that is mapped at an address, and is unmapped with the arena. */
    @SuppressWarnings("restricted")
    static MemorySegment mapped(long address, long length, Arena arena, Runnable unmap) {
        return MemorySegment.ofAddress(address).reinterpret(length, arena, segment -> unmap.run());
    }

    @SuppressWarnings("restricted")
    private static MemorySegment everywhere() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }
}
