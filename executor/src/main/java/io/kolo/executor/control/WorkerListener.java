package io.kolo.executor.control;

import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Progress;

/** Takes what workers say; called by several threads, for one worker by one at a time. */
public interface WorkerListener {
    /** Something happened to a worker. */
    void onEvent(WorkerEvent event);

    /** A worker has reported how far it is. */
    void onProgress(int slot, Progress progress);

    /** A worker lives. */
    void onHeartbeat(int slot, Heartbeat heartbeat);
}
