package io.kolo.executor;

import io.kolo.executor.control.WorkerEvent;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the workers answered in one run, and who is to blame. A rank that gave up because another one failed is a
 * witness, not the culprit.
 */
final class RunOutcome {
    /** How long the other workers have to report, once one has failed. */
    static final long GRACE_MS = 1000;

    private static final String ABORTED = "io.kolo.allreduce.CollectiveAbortedException";

    /** Says in a sentence how a worker's process ended. */
    @FunctionalInterface
    interface ExitDescription {
        String describe(int slot, int exitCode);
    }

    private final ExitDescription exits;
    private final Set<Integer> returned = new HashSet<>();
    private final Map<Integer, WorkerFailedException> failed = new TreeMap<>();
    private final Map<Integer, WorkerLostException> lost = new TreeMap<>();
    private final Map<Integer, WorkerLostException> disconnected = new TreeMap<>();
    private @Nullable Integer culprit;
    private String reason = "";

    RunOutcome(ExitDescription exits) {
        this.exits = exits;
    }

    void add(WorkerEvent event) {
        int slot = event.slot();
        switch (event) {
            case WorkerEvent.Returned result -> returned.add(slot);
            case WorkerEvent.Failed thrown -> {
                RemoteException cause = RemoteException.of(thrown.failure().getCausesList());
                failed.put(slot, new WorkerFailedException(slot, cause));
                blame(slot, "failed: " + cause);
            }
            case WorkerEvent.Disconnected broken -> {
                disconnected.put(
                        slot,
                        new WorkerLostException("rank " + slot + " broke its connection: " + broken.reason(), slot));
                blame(slot, "is lost: its connection broke");
            }
            case WorkerEvent.Exited exited -> {
                lost.put(slot, new WorkerLostException(exits.describe(slot, exited.exitCode()), slot));
                blame(slot, "is lost: exit code " + exited.exitCode());
            }
            case WorkerEvent.Joined joined -> {}
            case WorkerEvent.Ready ready -> {}
        }
    }

    private void blame(int slot, String why) {
        if (culprit == null) {
            culprit = slot;
            reason = why;
        }
    }

    /** Returns whether all of {@code ranks} have said how it went, or can't any more. */
    boolean answers(Set<Integer> ranks) {
        return ranks.stream()
                .allMatch(rank -> returned.contains(rank) || failed.containsKey(rank) || lost.containsKey(rank));
    }

    /** Returns the first worker that failed, or null if none has. */
    @Nullable
    Integer culprit() {
        return culprit;
    }

    /** Returns what the other workers are told about the culprit. */
    String reason() {
        return reason;
    }

    /** Returns the error of the culprit with those of the others suppressed, or null if no worker failed. */
    @Nullable
    JobFailedException failure() {
        disconnected.forEach(lost::putIfAbsent);
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
                .anyMatch(cause ->
                        cause instanceof RemoteException remote && remote.type().equals(ABORTED));
    }
}
