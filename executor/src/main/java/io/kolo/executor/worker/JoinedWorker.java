package io.kolo.executor.worker;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Worker;
import io.kolo.executor.control.Outbox;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Progress;
import io.kolo.executor.control.proto.World;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The worker that a training function receives. */
final class JoinedWorker implements Worker {
    private static final long REPORT_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private final World world;
    private final Communicator communicator;
    private final Outbox<FromWorker> outbox;
    private long lastReportNs = System.nanoTime() - REPORT_INTERVAL_NS;

    JoinedWorker(World world, Communicator communicator, Outbox<FromWorker> outbox) {
        this.world = world;
        this.communicator = communicator;
        this.outbox = outbox;
    }

    @Override
    public int rank() {
        return communicator.rank();
    }

    @Override
    public int size() {
        return communicator.size();
    }

    @Override
    public int localRank() {
        return (int) localMembersBelow(rank());
    }

    @Override
    public int localSize() {
        return (int) localMembersBelow(size());
    }

    private long localMembersBelow(int rank) {
        String host = world.getMembers(rank()).getHost();
        return world.getMembersList().stream()
                .limit(rank)
                .filter(member -> member.getHost().equals(host))
                .count();
    }

    @Override
    public Communicator communicator() {
        return communicator;
    }

    @Override
    public synchronized void report(long done, long total, Map<String, Double> metrics) {
        long nowNs = System.nanoTime();
        if (done < total && nowNs - lastReportNs < REPORT_INTERVAL_NS) {
            return; // nobody watches faster than that
        }
        lastReportNs = nowNs;
        outbox.sendNow(FromWorker.newBuilder()
                .setProgress(Progress.newBuilder().setDone(done).setTotal(total).putAllMetrics(metrics))
                .build());
    }
}
