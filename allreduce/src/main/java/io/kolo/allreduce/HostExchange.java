package io.kolo.allreduce;

import static io.kolo.allreduce.HostBuffer.ANYWHERE;

import io.kolo.allreduce.HostGroup.Word;
import java.lang.foreign.MemorySegment;

/**
 * From one rank to another through shared memory. Each rank has an outbox for a few chunks; all that is in it is for
 * one rank, and only when that one has taken it, it is used for another one.
 */
final class HostExchange {
    private final HostGroup group;
    private final Ring ring;
    private final long base;
    private final long[] offered;
    private final long[] taken;
    private final ChunkHeader outgoing;
    private final ChunkHeader expected;
    private int addressee = Plan.NOBODY;

    HostExchange(HostGroup group, Ring ring) {
        this.group = group;
        this.ring = ring;
        this.base = group.memory().segment().address();
        this.offered = new long[ring.size()];
        this.taken = new long[ring.size()];
        this.outgoing = ChunkHeader.allocate().of(ring);
        this.expected = ChunkHeader.allocate().of(ring);
    }

    void run(Operation operation, int to, MemorySegment out, int from, MemorySegment in) {
        int elementBytes = operation.elements().sizeBytes();
        operation.describe(outgoing, out.byteSize() / elementBytes);
        operation.describe(expected, in.byteSize() / elementBytes);
        group.begin(from == Plan.NOBODY ? outgoing : expected);
        int toSend = to == Plan.NOBODY ? 0 : chunks(out);
        int toReceive = from == Plan.NOBODY ? 0 : chunks(in);
        int sent = 0;
        int received = 0;
        if (toSend > 0) {
            address(to);
        }
        while (sent < toSend || received < toReceive) {
            boolean moves = false;
            if (sent < toSend && group.has(to, Word.TAKEN, offered[to] - HostGroup.DEPTH + 1)) {
                offer(to, out, sent++);
                moves = true;
            }
            if (received < toReceive && group.has(from, Word.OFFERED, taken[from] + 1)) {
                take(from, in, received++);
                moves = true;
            }
            if (moves) {
                group.moved();
            } else if (received < toReceive) {
                group.idle(from, Word.OFFERED);
            } else {
                group.idle(to, Word.TAKEN);
            }
        }
        group.moved();
    }

    private static int chunks(MemorySegment buffer) {
        return Math.toIntExact(Math.max(1, Math.ceilDiv(buffer.byteSize(), HostGroup.CHUNK_BYTES)));
    }

    private void address(int to) {
        if (addressee != to && addressee != Plan.NOBODY) {
            group.awaitOwn(addressee, Word.TAKEN, offered[addressee]);
        }
        addressee = to;
    }

    private void offer(int to, MemorySegment out, int chunk) {
        long offset = (long) chunk * HostGroup.CHUNK_BYTES;
        long bytes = Math.min(HostGroup.CHUNK_BYTES, out.byteSize() - offset);
        outgoing.chunk(chunk).copyTo(group.outboxHeader(ring.rank(), offered[to]));
        MemorySegment.copy(out, offset, ANYWHERE, base + group.outbox(ring.rank(), offered[to]), bytes);
        offered[to]++;
        group.publish(Word.OFFERED, to, offered[to]);
    }

    private void take(int from, MemorySegment in, int chunk) {
        ChunkHeader header = group.outboxHeader(from, taken[from]);
        if (!header.isOfOperationOf(expected) || header.chunk() != chunk) {
            CollectiveMismatchException mismatch = CollectiveMismatchException.of(
                    ring,
                    from,
                    ring.rank(),
                    "rank " + ring.inWorld(from) + " is in " + header + ", chunk " + header.chunk() + "; rank "
                            + ring.inWorld() + " is in " + expected + " and expects chunk " + chunk);
            group.abort(mismatch);
            throw mismatch;
        }
        long offset = (long) chunk * HostGroup.CHUNK_BYTES;
        long bytes = Math.min(HostGroup.CHUNK_BYTES, in.byteSize() - offset);
        MemorySegment.copy(ANYWHERE, base + group.outbox(from, taken[from]), in, offset, bytes);
        taken[from]++;
        group.publish(Word.TAKEN, from, taken[from]);
    }
}
