package io.kolo.executor;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.Failures;
import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.control.proto.Cause;
import io.kolo.executor.control.proto.Failure;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class RunOutcomeTest {
    private static final String ABORTED = "io.kolo.allreduce.CollectiveAbortedException";
    private static final String TIMED_OUT = "io.kolo.allreduce.CollectiveTimeoutException";

    private final RunOutcome outcome = new RunOutcome(new RunOutcome.Names() {
        @Override
        public String name(int rank) {
            return "rank " + rank + " on node-1";
        }

        @Override
        public String describeExit(int rank, int exitCode) {
            return name(rank) + " ended with " + exitCode;
        }
    });

    private static WorkerEvent failed(int slot, String type) {
        return new WorkerEvent.Failed(
                slot,
                Failure.newBuilder().addCauses(Cause.newBuilder().setType(type)).build());
    }

    private static WorkerEvent returned(int slot) {
        return new WorkerEvent.Returned(slot, 1, ByteString.EMPTY);
    }

    private JobFailedException failure() {
        return requireNonNull(outcome.failure());
    }

    @Test
    void shouldBeWellWhenAllHaveReturned() {
        outcome.add(returned(1));
        assertFalse(outcome.answers(Set.of(0, 1)));
        assertEquals(0, outcome.missing(Set.of(0, 1)));
        outcome.add(returned(0));
        assertTrue(outcome.answers(Set.of(0, 1)));
        assertNull(outcome.failure());
        assertNull(outcome.missing(Set.of(0, 1)));
    }

    @Test
    void shouldBlameTheLostOneWhenAWitnessIsHeardFirst() {
        outcome.add(failed(2, ABORTED));
        outcome.add(new WorkerEvent.Exited(1, 137));
        outcome.add(failed(0, ABORTED));
        JobFailedException error = failure();
        assertEquals("rank 1 on node-1 ended with 137", error.getMessage());
        assertEquals(2, error.getSuppressed().length);
    }

    @Test
    void shouldGiveTheSilenceOfALostOneTimeToShowWhileOnlyWitnessesHaveReported() {
        outcome.add(failed(2, TIMED_OUT));
        outcome.add(failed(0, ABORTED));
        assertTrue(outcome.hasOnlyWitnesses());
        assertTrue(outcome.graceMs() > WorkerWatch.SUSPICIOUS_SILENCE_MS);
        outcome.add(new WorkerEvent.Stalled(1, "was silent for 2100 ms"));
        assertFalse(outcome.hasOnlyWitnesses());
        assertEquals(RunOutcome.GRACE_MS, outcome.graceMs());
        assertEquals("rank 1 on node-1 was silent for 2100 ms", failure().getMessage());
    }

    @Test
    void shouldBlameTheRankThatKeptTheOthersWaitingWithTheLineThatItWasAt() {
        outcome.add(new WorkerEvent.Stalled(1, "did not come"));
        outcome.add(failed(0, TIMED_OUT));
        TimeoutException here = new TimeoutException("did not come; its code is here:");
        outcome.add(new WorkerEvent.Failed(1, Failures.describe(here, 1)));
        assertTrue(outcome.answers(Set.of(0, 1)));
        WorkerFailedException error = assertInstanceOf(WorkerFailedException.class, failure());
        assertEquals(1, error.rank());
        assertEquals(
                here.getStackTrace()[0].getLineNumber(),
                error.remote().getStackTrace()[0].getLineNumber());
    }

    @Test
    void shouldBlameASilentOneThatNeverAnswers() {
        outcome.add(new WorkerEvent.Stalled(1, "was silent for 3000 ms"));
        outcome.add(failed(0, TIMED_OUT));
        assertFalse(outcome.answers(Set.of(0, 1)));
        WorkerLostException error = assertInstanceOf(WorkerLostException.class, failure());
        assertEquals("rank 1 on node-1 was silent for 3000 ms", error.getMessage());
    }

    @Test
    void shouldKeepTheFirstThatARankSays() {
        outcome.add(failed(1, "java.lang.ArithmeticException"));
        outcome.add(failed(1, ABORTED));
        assertEquals("rank 1 failed: java.lang.ArithmeticException", failure().getMessage());
    }

    @Test
    void shouldKnowATimeoutFromAnyOtherFailure() {
        assertTrue(RunOutcome.isTimeout(failed(0, TIMED_OUT)));
        assertFalse(RunOutcome.isTimeout(failed(0, ABORTED)));
        assertFalse(RunOutcome.isTimeout(returned(0)));
    }
}
