package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.elastic.Action;
import io.kolo.elastic.Generation;
import io.kolo.elastic.Lineage;
import io.kolo.elastic.Member;
import io.kolo.elastic.Membership;
import io.kolo.elastic.Order;
import io.kolo.executor.control.ObjectCodec;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.Worlds;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.World;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One run of an elastic job: a function on its way to each worker that comes, and the coordinator of their training, a
 * shell around {@link Membership}. It is over when all members of the last generation have returned; or, if the
 * function does not train, when all workers have.
 */
final class ElasticRun {
    private static final long TURN_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final ElasticJob job;
    private final int number;
    private final ByteString function;
    private final Membership membership;
    private final Map<Integer, ByteString> returned = new TreeMap<>();
    private final Map<Integer, Long> keys = new TreeMap<>();
    private final Set<Integer> stood = new TreeSet<>();
    private final Set<Integer> lost = new TreeSet<>();

    /** Those that were told to leave. */
    private final Set<Integer> left = new TreeSet<>();

    private final RunOutcome outcome;
    private @Nullable String waiting;
    private volatile List<Integer> members = List.of();
    private boolean done;

    ElasticRun(ElasticJob job, int number, ByteString function) {
        this.job = job;
        this.number = number;
        this.function = function;
        this.membership = new Membership(job.rules, new Lineage(List.of()), System.nanoTime());
        this.outcome = new RunOutcome(job.workers);
        job.events.rankBy(worker -> membership.current().rankOf(worker));
    }

    /**
     * Runs.
     *
     * @return the serialized results of the last generation, by rank
     * @throws JobFailedException if a worker's function throws, or the training cannot go on
     */
    List<ByteString> execute() throws InterruptedException {
        job.connections.keySet().forEach(this::send);
        long deadlineNs = job.settings.runTimeout() == null
                ? JobEvents.NO_DEADLINE
                : System.nanoTime() + job.settings.runTimeout().toNanos();
        while (!isOver()) {
            WorkerEvent event = job.events.poll(System.nanoTime() + TURN_NS);
            long nowNs = System.nanoTime();
            if (event != null) {
                hear(event, nowNs);
            }
            job.replacements.launch(nowNs);
            membership.expect(job.replacements.coming() + notTraining());
            membership.turn(nowNs);
            act(nowNs);
            if (deadlineNs != JobEvents.NO_DEADLINE && nowNs - deadlineNs > 0) {
                throw new JobGivenUpException("the run took longer than its timeout of "
                        + Objects.requireNonNull(job.settings.runTimeout()).toMillis() + " ms");
            }
        }
        if (!stood.isEmpty()) {
            dismissSpares();
        }
        return members().stream().map(returned::get).filter(Objects::nonNull).toList();
    }

    /** Returns how many are there and have not come to their training yet. */
    private int notTraining() {
        return (int) job.connections.keySet().stream()
                .filter(worker -> !stood.contains(worker))
                .count();
    }

    private boolean isOver() {
        return (done || (stood.isEmpty() && job.replacements.coming() == 0))
                && !members().isEmpty()
                && returned.keySet().containsAll(members());
    }

    /** The members of the last generation by rank; where nobody trains, all that are there. */
    private List<Integer> members() {
        return !stood.isEmpty() ? members : List.copyOf(job.connections.keySet());
    }

    /** Returns the members of the last generation by rank; any thread may ask. */
    List<Integer> training() {
        return members;
    }

    private void send(int worker) {
        try {
            Objects.requireNonNull(job.connections.get(worker)).function(function, number);
        } catch (TimeoutException e) {
            gone(worker, "does not take the function: " + e.getMessage(), System.nanoTime());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void hear(WorkerEvent event, long nowNs) {
        int worker = event.slot();
        switch (event) {
            case WorkerEvent.Joined joined -> {
                job.hellos.put(worker, joined.hello());
                job.connections.put(worker, joined.connection());
                job.replacements.joined(worker);
                send(worker);
            }
            case WorkerEvent.Stands stands -> {
                stood.add(worker);
                String host = Objects.requireNonNull(job.hellos.get(worker)).getHost();
                membership.heard(stands.standing(), host, nowNs);
            }
            case WorkerEvent.Drains drains -> membership.drain(worker, nowNs);
            case WorkerEvent.Returned result -> {
                if (result.run() == number) {
                    returned.put(worker, result.result());
                }
            }
            case WorkerEvent.Failed thrown -> fail(thrown);
            case WorkerEvent.Stalled stalled -> gone(worker, stalled.reason(), nowNs);
            case WorkerEvent.Disconnected broken -> gone(worker, "broke its connection", nowNs);
            case WorkerEvent.Exited exited -> {
                gone(worker, "ended", nowNs);
                job.replacements.gone(worker, nowNs);
                if (!left.contains(worker)) {
                    job.listener.onLost(worker, job.workers.describeEnd(worker, exited.exitCode()));
                }
            }
            case WorkerEvent.Ready ready -> {}
        }
    }

    /** What the user's code throws ends the run, but not what a worker throws that is no member any more. */
    private void fail(WorkerEvent.Failed thrown) {
        if (!lost.contains(thrown.slot())) {
            outcome.add(thrown);
            throw Objects.requireNonNull(outcome.failure());
        }
    }

    private void gone(int worker, String reason, long nowNs) {
        if (lost.add(worker)) {
            job.events.forget(worker);
            job.connections.remove(worker);
            membership.lost(worker, reason, nowNs);
            job.listener.onGone(worker);
            if (done && members().contains(worker) && !returned.containsKey(worker)) {
                throw new WorkerLostException(
                        job.workers.name(worker) + " " + reason + " after its training, before it had returned",
                        worker);
            }
        }
    }

    private void act(long nowNs) {
        List<Action> actions = membership.actions();
        while (!actions.isEmpty()) {
            actions.forEach(action -> act(action, nowNs));
            actions = membership.actions();
        }
        String reason = membership.waitingFor();
        if (membership.current().number() > 0 && reason != null && !reason.equals(waiting)) {
            job.listener.onWaiting(reason);
        }
        waiting = reason;
    }

    private void act(Action action, long nowNs) {
        switch (action) {
            case Action.Tell tell -> tell(tell.worker(), tell.order());
            case Action.Journal write -> {
                Generation next = write.generation();
                members = next.members().stream().map(Member::worker).toList();
                membership.recorded(next, nowNs); // the coordinator lives as long as the job: memory is durable enough
                job.listener.onGeneration(next.number(), members, next.base().step());
            }
            case Action.Evict evict -> {
                lost.add(evict.worker());
                job.events.forget(evict.worker());
                job.connections.remove(evict.worker());
                job.workers.kill(evict.worker());
            }
            case Action.Done over -> done = true;
            case Action.GiveUp giveUp -> throw new JobGivenUpException(giveUp.reason());
            case Action.StepDown down -> throw new IllegalStateException(down.reason());
        }
    }

    private void tell(int worker, Order order) {
        WorkerConnection connection = job.connections.get(worker);
        if (connection == null) {
            return;
        }
        if (order instanceof Order.Form form) {
            connection.form(form.next(), world(form.next(), worker));
        } else {
            if (order instanceof Order.Leave) {
                lost.add(worker);
                left.add(worker);
            }
            connection.order(order);
        }
    }

    private World world(Generation generation, int worker) {
        World.Builder world = Worlds.of(
                        generation.number(),
                        keys.computeIfAbsent(generation.number(), unused -> new SecureRandom().nextLong()),
                        job.settings.transport().name(),
                        job.settings.collectiveTimeout())
                .setRank(generation.rankOf(worker));
        for (Member member : generation.members()) {
            Hello hello = Objects.requireNonNull(job.hellos.get(member.worker()));
            world.addMembers(Worlds.member(hello, member.worker()));
        }
        return world.build();
    }

    /** Those that waited to join will not; others take their places in the next run. */
    private void dismissSpares() {
        int last = membership.current().number();
        job.connections.forEach((worker, connection) -> {
            if (!membership.current().has(worker)) {
                connection.order(new Order.Leave(last, "the training is over"));
            }
        });
    }

    /** Reads results; by the thread that asked for them. */
    static List<@Nullable Object> read(List<ByteString> results, ClassLoader loader) {
        List<@Nullable Object> read = new ArrayList<>();
        for (ByteString result : results) {
            read.add(ObjectCodec.read(result, loader, "the result of rank " + read.size()));
        }
        return read;
    }
}
