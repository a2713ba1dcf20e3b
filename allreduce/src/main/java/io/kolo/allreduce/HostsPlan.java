package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;

/**
 * Several hosts, some with several ranks. What is combined is combined in shared memory on each host first, then
 * between one rank of each, in a ring of hosts; then the hosts pass the result on to their ranks. So a host sends as
 * much as one rank would. Elements are added up in the order of {@link Segments} on each host, and of hosts after that.
 * All other operations add nothing up, and go round the ring of all ranks.
 *
 * <p>The ranks of a host wait for their leader as long as that waits for another host, and not in vain: its deadline
 * counts, and it names the rank that is missing.
 */
final class HostsPlan implements Plan {
    private final Hosts hosts;
    private final Plan all;
    private final Communicator localRanks;
    private final Plan local;
    private final Plan between;
    private final boolean leads;
    private final Operation step = new Operation();

    /**
     * Composes plans.
     *
     * @param all of all ranks
     * @param local the ranks of this host, of which 0 leads
     * @param leaders the ranks that lead, if this one does
     */
    HostsPlan(Hosts hosts, Plan all, Communicator local, Communicator leaders, boolean leads) {
        this.hosts = hosts;
        this.all = all;
        this.localRanks = local;
        this.local = local.plan();
        this.between = leaders.plan();
        this.leads = leads;
        if (leads && this.local instanceof HostPlan memory) {
            leaders.patience.signWith(memory::sign);
        }
    }

    @Override
    public String description() {
        return hosts.count() + " hosts of " + hosts + " ranks: shared memory on each, a ring of hosts";
    }

    @Override
    public MemorySegment allocate(Communicator ranks, long length) {
        return localRanks.allocate(length);
    }

    @Override
    public void run(Operation operation, MemorySegment buffer) {
        if (!operation.combines()) {
            all.run(operation, buffer);
            return;
        }
        try {
            local.run(step.onHost(operation), buffer);
            if (leads) {
                between.run(step.betweenHosts(operation), buffer);
            }
            local.run(step.fromLeader(operation), buffer);
        } catch (CollectiveException e) {
            fail(e);
            throw e;
        }
    }

    @Override
    public void exchange(Operation operation, int to, MemorySegment outgoing, int from, MemorySegment incoming) {
        all.exchange(operation, to, outgoing, from, incoming);
    }

    @Override
    public void fail(CollectiveException reason) {
        local.fail(reason);
        all.fail(reason);
        if (leads) {
            between.fail(reason);
        }
    }

    @Override
    public void close() {
        // The plans are those of process sets, which are closed with the communicator.
    }
}
