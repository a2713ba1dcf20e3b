package io.kolo.executor;

import java.util.ArrayList;
import java.util.List;

/** Lets one thread at a time through to the user's listener, and keeps lines back until the headline is out. */
final class SerialListener implements JobListener {
    private static final System.Logger LOG = System.getLogger(SerialListener.class.getName());

    private final JobListener listener;
    private final List<Runnable> held = new ArrayList<>();
    private boolean open;

    SerialListener(JobListener listener) {
        this.listener = listener;
    }

    @Override
    public synchronized void onStarted(String headline) {
        tell(() -> listener.onStarted(headline));
        release();
    }

    /** There will be no headline; what the workers have said is all the more worth reading. */
    synchronized void release() {
        open = true;
        held.forEach(SerialListener::tell);
        held.clear();
    }

    @Override
    public synchronized void onLine(int rank, String node, String line) {
        Runnable telling = () -> listener.onLine(rank, node, line);
        if (open) {
            tell(telling);
        } else {
            held.add(telling);
        }
    }

    @Override
    public synchronized void onGeneration(int generation, List<Integer> workers, long step) {
        tell(() -> listener.onGeneration(generation, workers, step));
    }

    @Override
    public synchronized void onJoined(int worker) {
        tell(() -> listener.onJoined(worker));
    }

    @Override
    public synchronized void onGone(int worker) {
        tell(() -> listener.onGone(worker));
    }

    @Override
    public synchronized void onDraining(int worker, String reason) {
        tell(() -> listener.onDraining(worker, reason));
    }

    @Override
    public synchronized void onLost(int worker, String reason) {
        tell(() -> listener.onLost(worker, reason));
    }

    @Override
    public synchronized void onCoordinatorLost(String reason) {
        tell(() -> listener.onCoordinatorLost(reason));
    }

    @Override
    public synchronized void onHosts(String news) {
        tell(() -> listener.onHosts(news));
    }

    @Override
    public synchronized void onWaiting(String reason) {
        tell(() -> listener.onWaiting(reason));
    }

    @Override
    public synchronized void onProgress(Progress progress) {
        tell(() -> listener.onProgress(progress));
    }

    /** A listener that fails is no worker's fault. */
    private static void tell(Runnable telling) {
        try {
            telling.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "the job's listener failed", e);
        }
    }
}
