package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import io.kolo.kernels.ScalarKernels;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * For Jazzer: whatever comes in on a line, an operation goes on, ends well, or ends in a {@link CollectiveException}.
 */
public final class ChunkFuzz {
    private static final Ring RING = new Ring(1, 7, 0, 2);
    private static final int COUNT = 100;

    private ChunkFuzz() {}

    /** Turns an all-reduce and a broadcast on the chunks that {@code input} is cut into. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return;
        }
        FuzzLink link = new FuzzLink(ByteBuffer.wrap(input, 1, input.length - 1));
        MemorySegment buffer = MemorySegment.ofArray(new float[COUNT]);
        RingCollective operation = input[0] % 2 == 0
                ? new RingSweep(RING, link)
                        .start(
                                new Operation()
                                        .is(Collective.ALL_REDUCE, 1, DataType.F32, 0)
                                        .combining(new ScalarKernels(), ReduceOp.AVERAGE, RING.size(), 1),
                                buffer)
                : new RingBroadcast(RING, link)
                        .start(new Operation().is(Collective.BROADCAST, 1, DataType.F32, 1), buffer);
        link.header = operation.header();
        try {
            while (!operation.isDone() && link.input.hasRemaining()) {
                operation.doWork();
            }
        } catch (CollectiveException e) {
            String unused = e.getMessage();
        }
    }

    /** Cuts messages from the input: a byte that says what kind, a byte of length, the bytes. */
    private static final class FuzzLink implements Link {
        private static final int WITH_KEY = 1;
        private static final int WITH_HEADER = 2;

        private final ByteBuffer input;
        private final ChunkMessage received = new ChunkMessage();
        private final UnsafeBuffer message = new UnsafeBuffer(ByteBuffer.allocateDirect(512));
        private ChunkHeader header = ChunkHeader.allocate().of(RING);
        private int chunk;

        FuzzLink(ByteBuffer input) {
            this.input = input;
        }

        @Override
        public int maxChunkBytes() {
            return 64;
        }

        @Override
        public boolean trySend(ChunkHeader sent, MemorySegment data, long offset, int length) {
            return true;
        }

        @Override
        public int poll(ChunkReceiver receiver, int limit) {
            if (input.remaining() < 2) {
                input.position(input.limit());
                return 0;
            }
            int kind = input.get();
            int length = Math.min(Byte.toUnsignedInt(input.get()), input.remaining());
            int start = 0;
            if ((kind & WITH_HEADER) != 0) {
                int sent = header.chunk();
                header.chunk(chunk++).copyTo(message, 0);
                header.chunk(sent);
                start = ChunkHeader.LENGTH;
            }
            for (int i = 0; i < length; i++) {
                message.putByte(start + i, input.get());
            }
            if ((kind & WITH_KEY) != 0 && start + length >= ChunkHeader.LENGTH) {
                new ChunkHeader().wrap(message, 0).of(RING);
            }
            received.handTo(receiver, message, 0, start + length);
            return 1;
        }
    }
}
