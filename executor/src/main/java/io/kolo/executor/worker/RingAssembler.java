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
     * @param abandoned tells, time and again, whether to give up
     * @param forming takes the communicator before it goes round, to abort it
     * @throws IllegalStateException if the others were not there in time, or it has given up
     */
    Communicator assemble(World world, HostParts parts, BooleanSupplier abandoned, Consumer<Communicator> forming) {
        Ring ring = new Ring(world.getGeneration(), world.getKey(), world.getRank(), world.getMembersCount());
        List<String> addresses =
                world.getMembersList().stream().map(Member::getDataAddress).toList();
        Duration timeout = Duration.ofMillis(world.getCollectiveTimeoutMs());
        Transport transport = Transport.valueOf(world.getTransport());
        if (transport != Transport.UDP && ring.size() > 1 && haveMemoryInCommon(world)) {
            Lines lines = endpoint.lines(addresses, ring);
            Communicator met = HostMeeting.meet(ring, lines, kernels, timeout, parts, abandoned);
            if (met != null) {
                return met;
            }
            lines.close();
            if (abandoned.getAsBoolean() || Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("gave up waiting for the others in " + folder.path());
            }
        }
        Lines lines = endpoint.connect(addresses, ring, CONNECT_TIMEOUT, abandoned);
        Communicator connected = new Communicator(ring, lines, kernels, timeout);
        boolean stands = false;
        try {
            forming.accept(connected);
            connected.barrier();
            share(connected, transport, parts);
            stands = true;
            return connected;
        } finally {
            if (!stands) {
                connected.close();
            }
        }
    }

    /**
     * Forms the ring ahead of its time, and has its ranks map what they will give one another.
     *
     * @param memory bytes that each of them will allocate in it
     */
    Communicator prepare(
            World world, HostParts parts, long memory, BooleanSupplier abandoned, Consumer<Communicator> forming) {
        Communicator formed = assemble(world, parts, abandoned, forming);
        boolean stands = false;
        try {
            forming.accept(formed);
            if (formed.sharesMemory() && memory > 0) {
                parts.introduce(formed, memory);
            }
            stands = true;
            return formed;
        } finally {
            if (!stands) {
                formed.close();
            }
        }
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
