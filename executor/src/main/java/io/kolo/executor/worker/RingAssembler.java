package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.Link;
import io.kolo.allreduce.MemoryLink;
import io.kolo.allreduce.Ring;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.executor.control.proto.World;
import io.kolo.kernels.Kernels;
import java.time.Duration;

/** Forms the ring of a generation: from the members' addresses to a communicator that has been round once. */
final class RingAssembler {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);
    private static final int OWN_LINE_BYTES = 1 << 16;

    private final AeronEndpoint endpoint;
    private final Kernels kernels;

    RingAssembler(AeronEndpoint endpoint, Kernels kernels) {
        this.endpoint = endpoint;
        this.kernels = kernels;
    }

    Communicator assemble(World world) {
        Ring ring = new Ring(world.getGeneration(), world.getKey(), world.getRank(), world.getMembersCount());
        Link link = ring.size() == 1
                ? MemoryLink.ring(1, OWN_LINE_BYTES).getFirst()
                : endpoint.connect(world.getMembers(ring.right()).getDataAddress(), CONNECT_TIMEOUT);
        return new Communicator(ring, link, kernels, Duration.ofMillis(world.getCollectiveTimeoutMs()));
    }
}
