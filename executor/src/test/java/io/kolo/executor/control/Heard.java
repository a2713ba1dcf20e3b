package io.kolo.executor.control;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Progress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a driver has heard of its workers. */
final class Heard implements WorkerListener {
    final BlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    final BlockingQueue<Integer> beats = new LinkedBlockingQueue<>();

    /** Waits for what comes next. */
    static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T value = queue.poll(60, TimeUnit.SECONDS);
        assertNotNull(value, "nothing came in 60 s");
        return value;
    }

    @Override
    public void onEvent(WorkerEvent event) {
        events.add(event);
    }

    @Override
    public void onProgress(int slot, Progress progress) {}

    @Override
    public void onHeartbeat(int slot, Heartbeat heartbeat) {
        beats.add(heartbeat.getOperations());
    }
}
