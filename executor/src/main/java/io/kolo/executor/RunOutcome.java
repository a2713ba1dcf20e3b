package io.kolo.executor;

import io.kolo.executor.control.WorkerEvent;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the workers answered in one run, and who is to blame. A rank that gave up because another one failed, or did not
 * come, is a witness and not the culprit.
 */
final class RunOutcome {
    /** How long the other workers have to report, once one has failed. */
    static final long GRACE_MS = 1000;

    /** The same, if it only says that it waited in vain: long enough for the silence of another one to show. */
    private static final long WITNESS_GRACE_MS = WorkerWatch.SUSPICIOUS_SILENCE_MS + 500;

    private static final String TIMED_OUT = "io.kolo.allreduce.CollectiveTimeoutException";
    private static final Set<String> WITNESSES = Set.of("io.kolo.allreduce.CollectiveAbortedException", TIMED_OUT);

    /** Names workers in messages. */
    interface Names {
        /** Names a worker. */
        String name(int rank);

        /** Says in a sentence how a worker's process ended. */
        String describeExit(int rank, int exitCode);
    }

    private final Names names;
    private final Set<Integer> returned = new HashSet<>();
    private final Map<Integer, WorkerFailedException> failed = new TreeMap<>();
    private final Map<Integer, WorkerLostException> lost = new TreeMap<>();
    private final Map<Integer, WorkerLostException> silent = new TreeMap<>();
    private @Nullable Integer culprit;
    private String reason = "";

    RunOutcome(Names names) {
        this.names = names;
    }

    void add(WorkerEvent event) {
        int slot = event.slot();
        switch (event) {
            case WorkerEvent.Returned result -> returned.add(slot);
            case WorkerEvent.Failed thrown -> {
                RemoteException cause = RemoteException.of(thrown.failure().getCausesList());
                failed.putIfAbsent(slot, new WorkerFailedException(slot, cause));
                blame(slot, "failed: " + cause);
            }
            case WorkerEvent.Stalled stalled -> {
                silent.put(slot, new WorkerLostException(names.name(slot) + " " + stalled.reason(), slot));
                blame(slot, stalled.reason());
            }
            case WorkerEvent.Disconnected broken -> {
                silent.put(
                        slot,
                        new WorkerLostException(names.name(slot) + " broke its connection: " + broken.reason(), slot));
                blame(slot, "is lost: its connection broke");
            }
            case WorkerEvent.Exited exited -> {
                lost.put(slot, new WorkerLostException(names.describeExit(slot, exited.exitCode()), slot));
                blame(slot, "is lost: exit code " + exited.exitCode());
            }
            case WorkerEvent.Joined joined -> {}
            case WorkerEvent.Ready ready -> {}
            case WorkerEvent.Halted halted -> {}
            case WorkerEvent.Drains drains -> {}
            case WorkerEvent.Coordinates elastic -> {}
            case WorkerEvent.Tells elastic -> {}
        }
    }

    private void blame(int slot, String why) {
        if (culprit == null) {
            culprit = slot;
            reason = why;
        }
    }

    /** Returns whether a worker says that nothing moved any more; whom it waited for, it can't know. */
    static boolean isTimeout(WorkerEvent event) {
        return event instanceof WorkerEvent.Failed thrown
                && thrown.failure().getCausesList().stream()
                        .anyMatch(cause -> cause.getType().equals(TIMED_OUT));
    }

    /** Returns whether all of {@code ranks} have said how it went, or can't any more. */
    boolean answers(Set<Integer> ranks) {
        return ranks.stream()
                .allMatch(rank -> returned.contains(rank) || failed.containsKey(rank) || lost.containsKey(rank));
    }

    /** Returns the first of {@code ranks} that has not answered, or null. */
    @Nullable
    Integer missing(Set<Integer> ranks) {
        return ranks.stream()
                .sorted()
                .filter(rank -> !answers(Set.of(rank)))
                .findFirst()
                .orElse(null);
    }

    /** Returns the first worker that failed, or null if none has. */
    @Nullable
    Integer culprit() {
        return culprit;
    }

    /** Returns how long the other workers have to report from now on. */
    long graceMs() {
        return hasOnlyWitnesses() ? WITNESS_GRACE_MS : GRACE_MS;
    }

    /** Returns whether some gave up waiting, and nobody is known for whom. */
    boolean hasOnlyWitnesses() {
        return culprit != null
                && lost.isEmpty()
                && silent.isEmpty()
                && failed.values().stream().allMatch(RunOutcome::isWitness);
    }

    /** Returns what the other workers are told about the culprit. */
    String reason() {
        return reason;
    }

    /**
     * Throws if an event is the end of a worker. A broken stream is heard of before the exit code and the last lines:
     * it waits a little for them.
     *
     * @param poll waits for the next event until a deadline; null then
     */
    void throwIfEnded(WorkerEvent event, LongFunction<@Nullable WorkerEvent> poll) {
        add(event);
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GRACE_MS);
        WorkerEvent next = event;
        while (next instanceof WorkerEvent.Disconnected || next instanceof WorkerEvent.Halted) {
            next = poll.apply(deadlineNs);
            if (next != null) {
                add(next);
            }
        }
        JobFailedException failure = failure();
        if (failure != null) {
            throw failure;
        }
    }

    /** Returns the error of the culprit with those of the others suppressed, or null if no worker failed. */
    @Nullable
    JobFailedException failure() {
        silent.forEach((slot, silence) -> {
            if (!failed.containsKey(slot) && !returned.contains(slot)) {
                lost.putIfAbsent(slot, silence);
            }
        });
        JobFailedException first = primary();
        if (first != null) {
            lost.values().stream().filter(other -> other != first).forEach(first::addSuppressed);
            failed.values().stream().filter(other -> other != first).forEach(first::addSuppressed);
        }
        return first;
    }

    /** The first one, unless it is a witness; then whoever is none. */
    private @Nullable JobFailedException primary() {
        WorkerLostException lostFirst = culprit == null ? null : lost.get(culprit);
        WorkerFailedException failedFirst = culprit == null ? null : failed.get(culprit);
        if (lostFirst != null || failedFirst == null || !isWitness(failedFirst)) {
            return lostFirst != null ? lostFirst : failedFirst;
        }
        return Stream.concat(lost.values().stream(), failed.values().stream().filter(failure -> !isWitness(failure)))
                .findFirst()
                .orElse(failedFirst);
    }

    private static boolean isWitness(WorkerFailedException failure) {
        return Stream.iterate((Throwable) failure.remote(), Objects::nonNull, Throwable::getCause)
                .anyMatch(cause -> cause instanceof RemoteException remote && WITNESSES.contains(remote.type()));
    }
}
