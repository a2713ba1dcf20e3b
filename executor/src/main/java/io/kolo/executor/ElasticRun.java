package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.ObjectCodec;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.proto.Formed;
import io.kolo.executor.control.proto.News;
import io.kolo.executor.control.proto.Run;
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
 * One run of an elastic job: a function on its way to each worker that comes, while the coordinator has them train
 * together. It is over when all members of the last generation have returned; or, if the function does not train, when
 * all workers have.
 */
final class ElasticRun {
    /** Who runs a function, and what a loss does to it. */
    enum Scope {
        /** All workers, and all that come; it goes on without those that are lost. */
        TRAINING,
        /**
         * All workers; unless they train in it, it fails when one is lost that has not answered, and the job goes on.
         */
        CALL,
        /** As a call, of the worker with the lowest number alone. */
        SINGLE_CALL;

        /** Returns whether the job goes on after a failure. */
        boolean outlives(Throwable failure) {
            return this != TRAINING && failure instanceof WorkerLostException;
        }
    }

    private static final long TURN_NS = TimeUnit.MILLISECONDS.toNanos(20);

    /** A JVM that starts takes the cores from those that mend the ring: so long after a loss none is launched. */
    private static final long MENDING_NS = TimeUnit.SECONDS.toNanos(1);

    /** The same, once the next ring is decided. */
    private static final long FORMING_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ElasticJob job;
    private final Run run;
    private final ByteString function;
    private final Scope scope;
    private final Set<Integer> called = new TreeSet<>();
    private final Map<Integer, ByteString> returned = new TreeMap<>();
    private final Set<Integer> lost = new TreeSet<>();

    /** Why this job ends workers, until their processes have ended. */
    private final Map<Integer, String> accusations = new TreeMap<>();

    private final RunOutcome outcome;
    private volatile List<Integer> members = List.of();
    private int generation;
    private long launchFromNs = System.nanoTime();
    private boolean begun;
    private boolean done;

    ElasticRun(ElasticJob job, Run run, ByteString function, Scope scope) {
        this.job = job;
        this.run = run;
        this.function = function;
        this.scope = scope;
        this.outcome = new RunOutcome(job.workers);
        job.events.rankBy(worker -> members.indexOf(worker));
    }

    /**
     * Runs.
     *
     * @return the serialized results of the last generation, by rank
     * @throws JobFailedException if a worker's function throws, or the training cannot go on
     */
    List<ByteString> execute() throws InterruptedException {
        job.coordinator.begin(run);
        long deadlineNs = job.settings.runTimeout() == null
                ? JobEvents.NO_DEADLINE
                : System.nanoTime() + job.settings.runTimeout().toNanos();
        while (!isOver()) {
            job.coordinator.expect(expected());
            WorkerEvent event = job.events.poll(System.nanoTime() + TURN_NS);
            long nowNs = System.nanoTime();
            if (event != null) {
                hear(event, nowNs);
            }
            job.drains.turn(expected(), this::drain, nowNs);
            job.recruiter.displaced().forEach(worker -> drain(worker, "its host has no room for it any more"));
            job.recruiter.overdue(job.settings.startTimeout(), nowNs).forEach(job.workers::kill);
            if (nowNs - launchFromNs >= 0) {
                job.recruiter.launch(job.workers::launchAside, nowNs);
            }
            if (deadlineNs != JobEvents.NO_DEADLINE && nowNs - deadlineNs > 0) {
                throw new JobGivenUpException("the run took longer than its timeout of "
                        + Objects.requireNonNull(job.settings.runTimeout()).toMillis() + " ms");
            }
        }
        job.drains.over();
        if (generation > 0) {
            dismissSpares();
        }
        return members().stream().map(returned::get).filter(Objects::nonNull).toList();
    }

    /** Returns the workers that are there, or on their way. */
    private Set<Integer> expected() {
        Set<Integer> workers = new TreeSet<>(job.connections.keySet());
        workers.addAll(job.recruiter.coming());
        return workers;
    }

    private boolean isOver() {
        return (generation > 0
                        ? done
                        : scope != Scope.TRAINING || job.recruiter.coming().isEmpty())
                && !members().isEmpty()
                && returned.keySet().containsAll(members());
    }

    /** The members of the last generation by rank; where nobody trains, all that were called, or are there. */
    private List<Integer> members() {
        return generation > 0 ? members : List.copyOf(scope == Scope.TRAINING ? job.connections.keySet() : called);
    }

    /** Returns the members of the last generation by rank; any thread may ask. */
    List<Integer> training() {
        return members;
    }

    private void send(int worker) {
        if ((scope == Scope.SINGLE_CALL && !called.isEmpty()) || job.left.contains(worker)) {
            return;
        }
        called.add(worker);
        try {
            Objects.requireNonNull(job.connections.get(worker)).function(function, run.getNumber());
        } catch (TimeoutException e) {
            accuse(worker, "does not take the function: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void hear(WorkerEvent event, long nowNs) {
        int worker = event.slot();
        switch (event) {
            case WorkerEvent.Coordinates here -> job.coordinator.joined(here);
            case WorkerEvent.Tells tells -> {
                if (job.coordinator.is(tells.from())) {
                    hear(tells.news());
                }
            }
            case WorkerEvent.Joined joined -> {
                job.joined(joined);
                if (begun) {
                    send(worker);
                }
            }
            case WorkerEvent.Drains drains -> drain(drains);
            case WorkerEvent.Returned result -> {
                if (result.run() == run.getNumber()) {
                    returned.put(worker, result.result());
                }
            }
            case WorkerEvent.Failed thrown -> fail(thrown);
            case WorkerEvent.Stalled stalled -> {
                if (worker == WorkerEvent.COORDINATOR) {
                    job.coordinator.silent();
                } else {
                    accuse(worker, stalled.reason());
                }
            }
            case WorkerEvent.Disconnected broken -> gone(worker, "broke its connection");
            case WorkerEvent.Exited exited -> ended(exited, nowNs);
            case WorkerEvent.Halted halted -> job.connections.values().forEach(other -> other.halted(worker));
            case WorkerEvent.Ready ready -> {}
        }
    }

    private void drain(WorkerEvent.Drains asked) {
        String node = asked.node() ? job.workers.node(asked.slot()) : null;
        if (node == null) {
            drain(asked.slot(), asked.reason());
        } else {
            job.recruiter.avoid(node);
            expected().stream()
                    .filter(worker -> node.equals(job.workers.node(worker)))
                    .forEach(worker -> drain(worker, asked.reason()));
        }
    }

    private void drain(int worker, String reason) {
        if (job.coordinator.drain(worker)) {
            job.recruiter.leaves(worker);
            job.listener.onDraining(worker, reason);
        }
    }

    private void ended(WorkerEvent.Exited exited, long nowNs) {
        int worker = exited.slot();
        if (worker == WorkerEvent.COORDINATOR) {
            job.events.forget(worker);
            String end = job.workers.describeEnd(worker, exited.exitCode()); // before another one has its place
            job.coordinator.ended(exited.exitCode());
            job.listener.onCoordinatorLost(end);
        } else {
            gone(worker, "ended");
            boolean hasLeft = job.left.contains(worker);
            if (hasLeft) {
                job.coordinator.lost(worker, "left");
            }
            job.recruiter.gone(worker, !hasLeft, nowNs);
            if (!hasLeft) {
                String accusation = accusations.remove(worker);
                job.listener.onLost(
                        worker,
                        job.workers.describeEnd(worker, exited.exitCode())
                                + (accusation == null ? "" : "; it " + accusation));
            }
        }
    }

    /** What the user's code throws ends the run, but not what a worker throws that is no member any more. */
    private void fail(WorkerEvent.Failed thrown) {
        if (!lost.contains(thrown.slot())) {
            outcome.add(thrown);
            throw Objects.requireNonNull(outcome.failure());
        }
    }

    private void accuse(int worker, String reason) {
        if (!lost.contains(worker)) {
            accusations.put(worker, reason);
        }
        gone(worker, reason);
    }

    private void gone(int worker, String reason) {
        if (forget(worker)) {
            if (!job.left.contains(worker)) {
                job.workers.kill(worker); // it may be stopped, or cut off, and must not come back
            }
            job.coordinator.lost(worker, reason);
            job.listener.onGone(worker);
            if (members.contains(worker)) {
                launchFromNs = System.nanoTime() + MENDING_NS;
            }
            boolean isCall = scope != Scope.TRAINING && generation == 0;
            if ((done || isCall) && members().contains(worker) && !returned.containsKey(worker)) {
                throw new WorkerLostException(
                        job.workers.name(worker) + " " + reason
                                + (isCall
                                        ? " before it had answered a call"
                                        : " after its training, before it had returned"),
                        worker);
            }
        }
    }

    private boolean forget(int worker) {
        job.events.forget(worker);
        job.connections.remove(worker);
        return lost.add(worker);
    }

    /** What a coordinator that was started again has told before is told again. */
    private void hear(News news) {
        if (news.getRun() != run.getNumber()) {
            return;
        }
        switch (news.getKindCase()) {
            case BEGAN -> {
                if (!begun) {
                    begun = true;
                    List.copyOf(job.connections.keySet()).forEach(this::send);
                }
            }
            case FORMED -> formed(news.getFormed());
            case EVICTED -> {
                int worker = news.getEvicted().getWorker();
                if (forget(worker)) {
                    accusations.put(worker, news.getEvicted().getReason());
                    job.workers.kill(worker);
                }
            }
            case LEFT -> {
                lost.add(news.getLeft().getWorker());
                job.left.add(news.getLeft().getWorker());
            }
            case WAITING -> job.listener.onWaiting(news.getWaiting());
            case DONE -> done = true;
            case GAVE_UP -> throw new JobGivenUpException(news.getGaveUp());
            case KIND_NOT_SET -> throw new IllegalStateException("news that this version does not know");
        }
    }

    private void formed(Formed formed) {
        if (formed.getGeneration() > generation) {
            generation = formed.getGeneration();
            launchFromNs = System.nanoTime() + FORMING_NS;
            List<Integer> next = List.copyOf(formed.getWorkersList());
            job.listener.onGeneration(generation, next, formed.getStep());
            next.stream().filter(worker -> !members.contains(worker)).forEach(job.listener::onJoined);
            members = next; // last: who asks for the members of a generation finds that the listener has heard of it
        }
    }

    /** Those that waited to join will not; others take their places in the next run. */
    private void dismissSpares() {
        job.connections.forEach((worker, connection) -> {
            if (!members.contains(worker)) {
                job.left.add(worker);
                connection.shutdown(job.settings.leaveTimeout());
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
