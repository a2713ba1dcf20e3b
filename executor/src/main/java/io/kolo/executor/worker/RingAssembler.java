package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.Lines;
import io.kolo.allreduce.Ring;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.executor.Transport;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import io.kolo.executor.local.JobFolder;
import io.kolo.kernels.Kernels;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Forms the ring of a generation: from the members' addresses to a communicator that has been round once. */
final class RingAssembler {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);

    private final AeronEndpoint endpoint;
    private final Kernels kernels;

    RingAssembler(AeronEndpoint endpoint, Kernels kernels) {
        this.endpoint = endpoint;
        this.kernels = kernels;
    }

    /**
     * Goes over to shared memory, unless the world says otherwise, in a folder beside {@code own} that the workers of a
     * node have in common: nodes that the local engine plays are hosts to each other.
     */
    void share(Communicator formed, World world, Path own) throws IOException {
        Transport transport = Transport.valueOf(world.getTransport());
        if (transport == Transport.UDP) {
            return;
        }
        Path folder = JobFolder.ofHost(own, world.getMembers(world.getRank()).getHost());
        boolean shared = formed.shareMemory(folder);
        if (transport == Transport.SHARED_MEMORY && !shared && formed.size() > 1) {
            throw new IllegalStateException("there is no shared memory for all ranks; use transport AUTO");
        }
    }

    /** Forms rings within this process, so that it is quick to form one with others. */
    void rehearse(Path folder) {
        Rehearsal.run(endpoint, kernels, folder);
    }

    /**
     * Connects to the neighbours.
     *
     * @param abandoned tells, time and again, whether to give up
     * @throws IllegalStateException if they were not there in time, or it has given up
     */
    Communicator assemble(World world, BooleanSupplier abandoned) {
        Ring ring = new Ring(world.getGeneration(), world.getKey(), world.getRank(), world.getMembersCount());
        List<String> addresses =
                world.getMembersList().stream().map(Member::getDataAddress).toList();
        Lines lines = endpoint.connect(addresses, ring, CONNECT_TIMEOUT, abandoned);
        return new Communicator(ring, lines, kernels, Duration.ofMillis(world.getCollectiveTimeoutMs()));
    }
}
