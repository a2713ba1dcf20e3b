package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All ranks on one host, through shared memory. Three ways, by where the buffers are and how long: {@link FlatSweep}
 * for short ones, {@link DirectSweep} for those that all ranks have mapped, {@link StagedSweep} for all others. In all
 * of them segment k is added up in the order of ranks k, k + 1, ... k - 1, as {@link RingSweep} does it.
 */
final class HostPlan implements Plan {
    /** Memory that all ranks have mapped, each with a part of its own. */
    record Shared(long number, long length, List<MemorySegment> parts) {
        /** Returns where a rank's part begins, as an address. */
        long address(int rank) {
            return parts.get(rank).address();
        }
    }

    private final Ring ring;
    private final HostGroup group;
    private final HostParts parts;
    private final List<Shared> shared = new ArrayList<>();
    private final HostBuffer own = new HostBuffer();
    private final FlatSweep flat;
    private final DirectSweep direct;
    private final StagedSweep staged;
    private final HostExchange exchange;

    HostPlan(Ring ring, HostMemory memory, HostParts parts, Patience patience) {
        this.ring = ring;
        this.parts = parts;
        this.group = new HostGroup(ring, memory, patience);
        this.flat = new FlatSweep(group);
        this.direct = new DirectSweep(group);
        this.staged = new StagedSweep(group);
        this.exchange = new HostExchange(group, ring);
    }

    @Override
    public String description() {
        return "shared memory of " + group.size() + " ranks";
    }

    void touch() {
        group.touch();
    }

    void sign() {
        group.sign();
    }

    HostParts parts() {
        return parts;
    }

    @Override
    public MemorySegment allocate(Communicator ranks, long length) {
        List<MemorySegment> byRank = parts.agree(ranks, ring, length);
        if (byRank == null) {
            return Plan.super.allocate(ranks, length);
        }
        shared.add(new Shared(shared.size() + 1L, length, byRank));
        return byRank.get(group.rank());
    }

    private @Nullable Shared find(MemorySegment buffer) {
        if (buffer.isNative()) {
            for (int i = 0; i < shared.size(); i++) {
                Shared candidate = shared.get(i);
                long offset = buffer.address() - candidate.address(group.rank());
                if (offset >= 0 && offset + buffer.byteSize() <= candidate.length) {
                    return candidate;
                }
            }
        }
        return null;
    }

    @Override
    public void run(Operation operation, MemorySegment buffer) {
        own.use(buffer, operation.elements().sizeBytes());
        try {
            run(operation, find(buffer));
        } finally {
            Reference.reachabilityFence(buffer); // so far its memory was used by address
        }
    }

    private void run(Operation operation, @Nullable Shared memory) {
        operation.describe(group.begin(), own.count());
        boolean puts = own.byteSize() <= (memory == null ? HostGroup.FLAT_BYTES : HostGroup.TINY_BYTES);
        if (puts) {
            flat.put(operation, own);
        }
        group.locate(
                memory == null ? 0 : memory.number,
                memory == null ? 0 : own.start() - memory.address(group.rank()),
                puts);
        group.meetInOperation();
        if (operation.collective() == Collective.BARRIER) {
            return;
        }
        if (group.haveAllPut()) {
            flat.take(operation, own);
        } else if (memory != null && group.isLocatedAlike()) {
            direct.run(operation, own, memory);
        } else {
            staged.run(operation, own);
        }
    }

    @Override
    public void exchange(Operation operation, int to, MemorySegment outgoing, int from, MemorySegment incoming) {
        exchange.run(operation, to, outgoing, from, incoming);
    }

    @Override
    public void fail(CollectiveException reason) {
        group.abort(reason);
    }

    @Override
    public void close() {
        shared.clear();
        parts.release(ring);
        group.close();
    }
}
