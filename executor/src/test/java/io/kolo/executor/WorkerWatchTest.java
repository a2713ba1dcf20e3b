package io.kolo.executor;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.kolo.executor.control.WorkerEvent;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WorkerWatchTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final WorkerWatch watch = new WorkerWatch(Duration.ofSeconds(10), 0);

    @Test
    void shouldNameTheWorkerThatHasBeenSilentForTheTimeout() {
        for (int second = 0; second <= 11; second++) {
            watch.heard(0, 1, second * SECOND);
            if (second == 0) {
                watch.heard(1, 1, 0);
            }
            WorkerEvent.Stalled silent = watch.silent(second * SECOND);
            if (second <= 10) {
                assertNull(silent);
            } else {
                assertEquals(new WorkerEvent.Stalled(1, "was silent for 11000 ms"), silent);
            }
        }
    }

    @Test
    void shouldAccuseNobodyForItsOwnStall() {
        watch.heard(0, 1, 0);
        assertNull(watch.silent(SECOND));
        assertNull(watch.silent(3600 * SECOND), "it has not looked for an hour itself");
        for (int second = 1; second <= 10; second++) {
            assertNull(watch.silent((3600 + second) * SECOND));
        }
        assertEquals(0, requireNonNull(watch.silent(3611 * SECOND)).slot());
    }

    @Test
    void shouldNotMindAWorkerThatHasNeverBeenHeard() {
        for (int second = 0; second < 100; second++) {
            assertNull(watch.silent(second * SECOND));
        }
    }

    @Test
    void shouldTakeTheRankWithFewestOperationsForTheOneThatOthersWaitFor() {
        watch.heard(0, 18, SECOND);
        watch.heard(1, 17, SECOND);
        watch.heard(2, 18, SECOND);
        assertEquals(1, requireNonNull(watch.laggard(SECOND)).slot());
        watch.heard(1, 18, SECOND);
        assertNull(watch.laggard(SECOND));
    }

    @Test
    void shouldTakeASilentOneFirst() {
        watch.heard(0, 18, SECOND);
        watch.heard(1, 17, 5 * SECOND);
        watch.heard(2, 18, 5 * SECOND);
        assertEquals(new WorkerEvent.Stalled(0, "was silent for 4000 ms"), watch.laggard(5 * SECOND));
    }
}
