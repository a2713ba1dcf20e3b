package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;

/** Chooses how the ranks of a World do their operations: once, all the same, by where they are. */
final class Planner {
    private Planner() {}

    /**
     * Chooses, with all ranks.
     *
     * @param byLinks what they have so far
     * @param hosts where they are
     * @param parts of this rank, with the folder where those of one host see each other's files
     */
    static Plan choose(
            Communicator communicator, Ring ring, Plan byLinks, Patience patience, Hosts hosts, HostParts parts) {
        if (hosts.count() == 1) {
            Plan inMemory = HostMeeting.plan(ring, patience, parts, () -> false);
            return inMemory == null ? byLinks : inMemory;
        }
        return hosts.count() < ring.size() ? onHosts(communicator, ring, byLinks, hosts, parts) : byLinks;
    }

    private static Plan onHosts(Communicator communicator, Ring ring, Plan byLinks, Hosts hosts, HostParts parts) {
        int leader = hosts.leader(ring.rank());
        boolean leads = leader == ring.rank();
        Communicator local = communicator.set(leader);
        Communicator leaders = communicator.set(leads ? 1 : 0);
        int[] shares = {local.shareMemory(Hosts.one(local.size()), parts) || local.size() == 1 ? 1 : 0};
        communicator.allReduce(MemorySegment.ofArray(shares), DataType.I32, ReduceOp.MIN);
        return shares[0] == 1 ? new HostsPlan(hosts, byLinks, local, leaders, leads) : byLinks;
    }
}
