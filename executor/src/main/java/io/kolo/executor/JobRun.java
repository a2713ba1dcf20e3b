package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.ObjectCodec;
import io.kolo.executor.control.WorkerConnection;
import io.kolo.executor.control.WorkerEvent;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One run: a function on its way to some of the workers, and their answers on the way back. */
final class JobRun {
    private final JobSettings settings;
    private final String what;
    private final RunOutcome outcome;
    private final Map<Integer, CompletableFuture<@Nullable Object>> results = new TreeMap<>();
    private int number;

    /** Prepares the run of {@code what}, a name for the summary, on {@code ranks}. */
    JobRun(JobSettings settings, String what, Set<Integer> ranks, RunOutcome.Names names) {
        this.settings = settings;
        this.what = what;
        this.outcome = new RunOutcome(names);
        ranks.forEach(rank -> results.put(rank, new CompletableFuture<>()));
    }

    /** Returns the results by rank. */
    Map<Integer, CompletableFuture<@Nullable Object>> results() {
        return results;
    }

    /**
     * Runs; ends once all ranks have answered. After the first failure the others have {@link RunOutcome#graceMs} to.
     *
     * @param number the run's in the job
     * @throws JobFailedException if a worker failed, is lost, or keeps the others waiting
     */
    void execute(int number, ByteString function, Map<Integer, WorkerConnection> connections, JobEvents events)
            throws InterruptedException {
        this.number = number;
        send(function, connections);
        boolean failed = false;
        long deadlineNs = settings.runTimeout() == null
                ? JobEvents.NO_DEADLINE
                : System.nanoTime() + settings.runTimeout().toNanos();
        while (!outcome.answers(results.keySet())) {
            WorkerEvent event = events.poll(deadlineNs);
            if (event == null && failed) {
                break; // who has not answered by now is stuck in the user's code, and is killed
            }
            add(event == null ? late() : event, events);
            Integer culprit = outcome.culprit();
            if (culprit != null && !failed) {
                failed = true;
                deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(outcome.graceMs());
                String reason = outcome.reason();
                connections.values().forEach(connection -> connection.abort(culprit, reason));
            }
        }
        if (outcome.hasOnlyWitnesses()) {
            addLaggard(events);
        }
        JobFailedException failure = outcome.failure();
        if (failure != null) {
            throw failure;
        }
    }

    private void send(ByteString function, Map<Integer, WorkerConnection> connections) throws InterruptedException {
        for (int rank : results.keySet()) {
            WorkerConnection connection = connections.get(rank);
            try {
                if (connection != null) {
                    connection.function(function, number);
                }
            } catch (TimeoutException e) {
                outcome.add(new WorkerEvent.Stalled(rank, "does not take the function: " + e.getMessage()));
            }
        }
    }

    private void add(WorkerEvent event, JobEvents events) {
        if (outcome.culprit() == null && RunOutcome.isTimeout(event)) {
            addLaggard(events);
        }
        if (event instanceof WorkerEvent.Returned returned) {
            CompletableFuture<@Nullable Object> result = results.get(returned.slot());
            if (returned.run() != number || result == null) {
                return; // an answer to what nobody asks any more
            }
            complete(() -> decode(result, returned));
        }
        outcome.add(event);
    }

    private void addLaggard(JobEvents events) {
        WorkerEvent.Stalled laggard = events.laggard();
        if (laggard != null) {
            outcome.add(laggard);
        }
    }

    private WorkerEvent late() {
        Integer rank = outcome.missing(results.keySet());
        return new WorkerEvent.Stalled(
                rank == null ? 0 : rank,
                "did not return within the run's timeout of "
                        + Objects.requireNonNull(settings.runTimeout()).toMillis() + " ms");
    }

    private void decode(CompletableFuture<@Nullable Object> result, WorkerEvent.Returned returned) {
        try {
            String role = "the result of rank " + returned.slot();
            result.complete(ObjectCodec.read(returned.result(), settings.loader(), role));
        } catch (IllegalArgumentException e) {
            result.completeExceptionally(new IllegalStateException(e.getMessage(), e));
        } catch (Throwable e) { // a class whose initializer fails is an Error
            result.completeExceptionally(e);
        }
    }

    /** Fails all results that are not there yet. */
    void fail(Throwable reason) {
        results.values().forEach(result -> complete(() -> result.completeExceptionally(reason)));
    }

    /** On a thread of its own: what hangs on a future is the user's code, and may well call the next run. */
    static void complete(Runnable completion) {
        Thread.startVirtualThread(completion);
    }

    /** Returns what there is to say of the run once it has ended. */
    JobSummary.Run summary(double seconds, String end) {
        return new JobSummary.Run(number, what, results.size(), seconds, end);
    }
}
