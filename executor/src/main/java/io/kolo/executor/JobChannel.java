package io.kolo.executor;

import io.kolo.executor.control.ControlServer;
import io.kolo.executor.control.Identity;
import io.kolo.executor.control.JobAuthority;
import io.kolo.executor.control.JobToken;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.control.WorkerListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/** The driver's end of a job's control channel, and what the job's processes have to know to get in. */
final class JobChannel implements AutoCloseable {
    private final JobAuthority authority = new JobAuthority();
    private final JobToken token = JobToken.random();
    private final ControlServer server;

    /**
     * Starts to listen.
     *
     * @param host the address of this machine that the job's processes reach
     * @param slots how many workers may come
     * @param listener takes what is heard
     */
    JobChannel(String host, int slots, WorkerListener listener) {
        try {
            this.server = ControlServer.ofDriver(host, slots, authority, token, listener);
        } catch (IOException e) {
            throw new UncheckedIOException("no port for the control channel", e);
        }
    }

    /** Returns the environment of a worker's process. */
    Map<String, String> worker(JobWorkers.Slot slot) {
        return told(slot, authority.worker(slot.number()));
    }

    /** Returns the environment of a coordinator's process. */
    Map<String, String> coordinator(JobWorkers.Slot slot) {
        return told(slot, authority.coordinator());
    }

    private Map<String, String> told(JobWorkers.Slot slot, Identity identity) {
        return new WorkerEnvironment(slot.number(), server.address(), identity, token, slot.node()).variables();
    }

    @Override
    public void close() {
        server.close();
    }
}
