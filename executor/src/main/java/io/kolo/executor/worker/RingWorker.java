package io.kolo.executor.worker;

import io.kolo.executor.Worker;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Progress;
import io.kolo.executor.control.proto.World;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** A worker with a place in a ring. */
abstract class RingWorker implements Worker {
    private static final long REPORT_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(50);

    final Consumer<FromWorker> driver;
    private long lastReportNs = System.nanoTime() - REPORT_INTERVAL_NS;

    RingWorker(Consumer<FromWorker> driver) {
        this.driver = driver;
    }

    /** The members of this worker's ring. */
    abstract World world();

    @Override
    public int rank() {
        return communicator().rank();
    }

    @Override
    public int size() {
        return communicator().size();
    }

    @Override
    public int localRank() {
        return (int) membersOnHostOf(rank(), rank());
    }

    @Override
    public int localSize() {
        return (int) membersOnHostOf(rank(), size());
    }

    /** Counts the members on the host of {@code rank} whose own rank is below {@code limit}. */
    private long membersOnHostOf(int rank, int limit) {
        String host = world().getMembers(rank).getHost();
        return world().getMembersList().stream()
                .limit(limit)
                .filter(member -> member.getHost().equals(host))
                .count();
    }

    @Override
    public int crossRank() {
        return (int) membersOfThisLocalRankBelow(rank());
    }

    @Override
    public int crossSize() {
        return (int) membersOfThisLocalRankBelow(size());
    }

    private long membersOfThisLocalRankBelow(int limit) {
        return IntStream.range(0, limit)
                .filter(other -> membersOnHostOf(other, other) == localRank())
                .count();
    }

    @Override
    public int bundle() {
        return world().getMembers(rank()).getBundle();
    }

    @Override
    public synchronized void report(long done, long total, Map<String, Double> metrics) {
        long nowNs = System.nanoTime();
        if (done < total && nowNs - lastReportNs < REPORT_INTERVAL_NS) {
            return; // nobody watches faster than that
        }
        lastReportNs = nowNs;
        driver.accept(FromWorker.newBuilder()
                .setProgress(Progress.newBuilder().setDone(done).setTotal(total).putAllMetrics(metrics))
                .build());
    }
}
