package io.kolo.executor.control;

import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Progress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** What a driver has heard of its workers. */
final class Heard implements WorkerListener {
    final BlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    final BlockingQueue<Integer> beats = new LinkedBlockingQueue<>();

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
