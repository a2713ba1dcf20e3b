package io.kolo.allreduce;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

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
}
