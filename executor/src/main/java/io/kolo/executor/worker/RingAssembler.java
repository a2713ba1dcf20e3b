package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.Lines;
import io.kolo.allreduce.Ring;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.executor.Transport;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import io.kolo.kernels.Kernels;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Forms the ring of a generation: from the members' addresses to a communicator that has been round once. */
final class RingAssembler {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);

    private final AeronEndpoint endpoint;
    private final Kernels kernels;

    RingAssembler(AeronEndpoint endpoint, Kernels kernels) {
        this.endpoint = endpoint;
        this.kernels = kernels;
    }

    /** Goes over to shared memory in the job's folder, where {@code own} is, unless the world says otherwise. */
    void share(Communicator formed, World world, Path own) {
        Transport transport = Transport.valueOf(world.getTransport());
        boolean shared = transport != Transport.UDP
                && formed.shareMemory(own.resolveSibling(".").normalize());
        if (transport == Transport.SHARED_MEMORY && !shared && formed.size() > 1) {
            throw new IllegalStateException("there is no shared memory for all ranks; use transport AUTO");
        }
    }

    Communicator assemble(World world) {
        Ring ring = new Ring(world.getGeneration(), world.getKey(), world.getRank(), world.getMembersCount());
        List<String> addresses =
                world.getMembersList().stream().map(Member::getDataAddress).toList();
        Lines lines = endpoint.connect(addresses, ring.rank(), CONNECT_TIMEOUT);
        return new Communicator(ring, lines, kernels, Duration.ofMillis(world.getCollectiveTimeoutMs()));
    }
}
