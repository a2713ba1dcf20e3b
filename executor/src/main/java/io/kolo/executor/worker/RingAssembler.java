package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.HostMeeting;
import io.kolo.allreduce.HostParts;
import io.kolo.allreduce.Lines;
import io.kolo.allreduce.Ring;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.executor.Transport;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import io.kolo.kernels.Kernels;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Forms the ring of a generation: from the members' addresses to a communicator that has been round once. */
final class RingAssembler {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);

    private final AeronEndpoint endpoint;
    private final Kernels kernels;
    private final SharedFolder folder;

    RingAssembler(AeronEndpoint endpoint, Kernels kernels, SharedFolder folder) {
        this.endpoint = endpoint;
        this.kernels = kernels;
        this.folder = folder;
    }

    /** Returns what the workers of this host have in common. */
    SharedFolder folder() {
        return folder;
    }

    /** Forms rings within this process, so that it is quick to form one with others. */
    void rehearse() {
        Rehearsal.run(endpoint, kernels, folder.own());
    }

    /**
     * Forms the ring. Where the members have a folder in memory in common they meet in it; else they connect to their
     * neighbours, and find out together who shares memory with whom.
     *
     * @param parts of this process's memory, for its host
     * @param memory bytes that each rank will allocate in it, as far as that is known
     * @param abandoned tells, time and again, whether to give up
     * @param forming takes the communicator before it goes round, to abort it
     * @throws IllegalStateException if the others were not there in time, or it has given up
     */
    Communicator assemble(
            World world, HostParts parts, long memory, BooleanSupplier abandoned, Consumer<Communicator> forming) {
        if (isInMemory(world)) {
            Communicator met = meet(world, parts, abandoned);
            if (met != null) {
                introduce(met, parts, memory, forming);
                return met;
            }
            if (abandoned.getAsBoolean() || Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("gave up waiting for the others in " + folder.path());
            }
        }
        Ring ring = ring(world);
        Lines lines = endpoint.connect(addresses(world), ring, CONNECT_TIMEOUT, abandoned);
        Communicator connected = new Communicator(ring, lines, kernels, timeout(world));
        boolean stands = false;
        try {
            forming.accept(connected);
            connected.barrier();
            share(connected, Transport.valueOf(world.getTransport()), parts);
            stands = true;
            return connected;
        } finally {
            if (!stands) {
                connected.close();
            }
        }
    }

    /**
     * Forms the ring ahead of its time, where all members have memory in common; over lines it would be taken for the
     * one that is announced with the same number.
     *
     * @param memory bytes that each rank will allocate in it
     * @throws IllegalStateException if the others were not there in time, or it has given up
     */
    Communicator prepare(
            World world, HostParts parts, long memory, BooleanSupplier abandoned, Consumer<Communicator> forming) {
        Communicator met = meet(world, parts, abandoned);
        if (met == null) {
            throw new IllegalStateException("not all have come to " + folder.path());
        }
        introduce(met, parts, memory, forming);
        HostParts.touch(met);
        return met;
    }

    /** Returns whether all members meet in memory. */
    static boolean isInMemory(World world) {
        return Transport.valueOf(world.getTransport()) != Transport.UDP
                && world.getMembersCount() > 1
                && haveMemoryInCommon(world);
    }

    private @Nullable Communicator meet(World world, HostParts parts, BooleanSupplier abandoned) {
        Ring ring = ring(world);
        Lines lines = endpoint.lines(addresses(world), ring);
        Communicator met = HostMeeting.meet(ring, lines, kernels, timeout(world), parts, abandoned);
        if (met == null) {
            lines.close();
        }
        return met;
    }

    /** Whether a ring was prepared or not, its ranks do the same operations. */
    private static void introduce(Communicator met, HostParts parts, long memory, Consumer<Communicator> forming) {
        boolean stands = false;
        try {
            forming.accept(met);
            if (memory > 0) {
                parts.introduce(met, memory);
            }
            stands = true;
        } finally {
            if (!stands) {
                met.close();
            }
        }
    }

    private static Ring ring(World world) {
        return new Ring(world.getGeneration(), world.getKey(), world.getRank(), world.getMembersCount());
    }

    private static List<String> addresses(World world) {
        return world.getMembersList().stream().map(Member::getDataAddress).toList();
    }

    private static Duration timeout(World world) {
        return Duration.ofMillis(world.getCollectiveTimeoutMs());
    }

    private static boolean haveMemoryInCommon(World world) {
        String own = world.getMembers(world.getRank()).getMemory();
        return !own.isEmpty()
                && world.getMembersList().stream()
                        .allMatch(member -> member.getMemory().equals(own));
    }

    private static void share(Communicator connected, Transport transport, HostParts parts) {
        if (transport == Transport.UDP) {
            return;
        }
        boolean shared = connected.shareMemory(parts);
        if (transport == Transport.SHARED_MEMORY && !shared && connected.size() > 1) {
            throw new IllegalStateException("there is no shared memory for all ranks; use transport AUTO");
        }
    }
}
