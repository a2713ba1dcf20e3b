package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.openjdk.jcstress.infra.results.Z_Result;

/**
 * The words of a {@link HostGroup} between two threads, in all ways in which the JVM compiles them. Each rank has a
 * mapping of its own, as in processes of their own: the compiler can't know that they are the same memory.
 */
public final class HostGroupStress {
    private HostGroupStress() {}

    private static HostGroup[] meeting() {
        Path folder = Path.of("");
        long length = HostGroup.memoryBytes(2);
        long name = ProcessHandle.current().pid();
        try {
            HostMemory first = HostMemory.create(folder, length, name, 1);
            HostMemory second = HostMemory.open(folder, length, name, 1);
            first.unlink();
            return new HostGroup[] {group(0, first), group(1, second)};
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static HostGroup group(int rank, HostMemory memory) {
        Ring ring = new Ring(1, 1, rank, 2);
        return new HostGroup(ring, memory, new Patience(ring, Duration.ofSeconds(30), null));
    }

    private static void put(HostGroup group, long at, long value) {
        group.memory().segment().set(ValueLayout.JAVA_LONG, at, value);
    }

    private static long get(HostGroup group, long at) {
        return group.memory().segment().get(ValueLayout.JAVA_LONG, at);
    }

    /** Who sees that a chunk is there sees the chunk. */
    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.ACCEPTABLE, desc = "neither is there yet")
    @Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "the chunk is there, and not yet offered")
    @Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "the chunk was offered")
    @Outcome(id = "true, false", expect = Expect.FORBIDDEN, desc = "it was offered, and an older one is seen")
    @State
    public static class Offer {
        private static final HostGroup[] RANKS = meeting();
        private static long offered;
        private static long taken;

        /** Puts a chunk, which is a number, and offers it. */
        @Actor
        public void offer() {
            offered++;
            put(RANKS[0], RANKS[0].outbox(0, 0), offered);
            RANKS[0].publish(HostGroup.Word.OFFERED, 1, offered);
        }

        /** Looks whether the next chunk is offered, and what is there; then takes all, to be close behind again. */
        @Actor
        public void take(ZZ_Result result) {
            result.r1 = RANKS[1].has(0, HostGroup.Word.OFFERED, taken + 1);
            result.r2 = get(RANKS[1], RANKS[1].outbox(0, 0)) > taken;
            while (RANKS[1].has(0, HostGroup.Word.OFFERED, taken + 1)) {
                taken++;
            }
        }
    }

    /** Who has met another one in an operation sees all that it has put for this operation, and nothing of another. */
    @JCStressTest
    @Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "both see what the other one put")
    @Outcome(expect = Expect.FORBIDDEN, desc = "one sees what was put for another operation")
    @State
    public static class Meeting {
        private static final HostGroup[] RANKS = meeting();
        private static final long[] OPERATIONS = new long[2];

        /** Rank 0. */
        @Actor
        public void first(ZZ_Result result) {
            result.r1 = meets(0);
        }

        /** Rank 1. */
        @Actor
        public void second(ZZ_Result result) {
            result.r2 = meets(1);
        }

        private static boolean meets(int rank) {
            HostGroup group = RANKS[rank];
            long operation = ++OPERATIONS[rank];
            var unused = group.begin();
            put(group, group.flat(rank), operation);
            group.locate(1, operation, true);
            group.meetInOperation();
            return group.isLocatedAlike() && get(group, group.flat(1 - rank)) == operation;
        }
    }

    /** Each rank has the sum of what the two have staged for this operation, and of nothing else. */
    @JCStressTest
    @Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "both have the sum")
    @Outcome(expect = Expect.FORBIDDEN, desc = "one has what was staged or reduced for another operation")
    @State
    public static class Staging {
        private static final Summand[] RANKS = summands();

        private static Summand[] summands() {
            HostGroup[] ranks = meeting();
            return new Summand[] {new Summand(ranks[0]), new Summand(ranks[1])};
        }

        /** Rank 0. */
        @Actor
        public void first(ZZ_Result result) {
            result.r1 = RANKS[0].addsUp();
        }

        /** Rank 1. */
        @Actor
        public void second(ZZ_Result result) {
            result.r2 = RANKS[1].addsUp();
        }
    }

    /** A rank with a number in each of two segments, which are other ones in each operation. */
    private static final class Summand {
        private final int rank;
        private final StagedSweep sweep;
        private final Kernels kernels = Kernels.probe();
        private final Operation operation = new Operation();
        private final HostBuffer buffer = new HostBuffer();
        private final MemorySegment elements = Arena.ofAuto().allocate(2 * Long.BYTES, Long.BYTES);
        private int operations;

        Summand(HostGroup group) {
            this.rank = group.rank();
            this.sweep = new StagedSweep(group);
        }

        boolean addsUp() {
            operations++;
            long own = (rank + 1L) * operations;
            elements.setAtIndex(ValueLayout.JAVA_LONG, 0, own);
            elements.setAtIndex(ValueLayout.JAVA_LONG, 1, own);
            operation.is(Collective.ALL_REDUCE, operations, DataType.I64, 0).combining(kernels, ReduceOp.SUM, 1, 1);
            buffer.use(elements, Long.BYTES);
            sweep.run(operation, buffer);
            return elements.getAtIndex(ValueLayout.JAVA_LONG, 0) == 3L * operations
                    && elements.getAtIndex(ValueLayout.JAVA_LONG, 1) == 3L * operations;
        }
    }

    /** What is sent is received in its order, however far the sender is ahead. */
    @JCStressTest
    @Outcome(id = "true", expect = Expect.ACCEPTABLE, desc = "what was sent in this operation came")
    @Outcome(expect = Expect.FORBIDDEN, desc = "what was sent in another one came")
    @State
    public static class Sending {
        private static final Correspondent[] RANKS = correspondents();

        private static Correspondent[] correspondents() {
            HostGroup[] ranks = meeting();
            return new Correspondent[] {new Correspondent(ranks[0]), new Correspondent(ranks[1])};
        }

        /** Rank 0. */
        @Actor
        public void send() {
            RANKS[0].send();
        }

        /** Rank 1. */
        @Actor
        public void receive(Z_Result result) {
            result.r1 = RANKS[1].receives();
        }
    }

    /** A rank with a letter that says the number of the operation. */
    private static final class Correspondent {
        private final HostExchange exchange;
        private final Operation operation = new Operation();
        private final MemorySegment letter = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);
        private int operations;

        Correspondent(HostGroup group) {
            this.exchange = new HostExchange(group, new Ring(1, 1, group.rank(), 2));
        }

        private Operation next() {
            return operation.is(Collective.SEND, ++operations, DataType.I64, 0);
        }

        void send() {
            letter.set(ValueLayout.JAVA_LONG, 0, operations + 1);
            exchange.run(next(), 1, letter, Plan.NOBODY, MemorySegment.NULL);
        }

        boolean receives() {
            exchange.run(next(), Plan.NOBODY, MemorySegment.NULL, 0, letter);
            return letter.get(ValueLayout.JAVA_LONG, 0) == operations;
        }
    }
}
