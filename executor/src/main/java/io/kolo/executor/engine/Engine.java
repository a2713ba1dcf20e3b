package io.kolo.executor.engine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A cluster, for one job. */
public interface Engine extends AutoCloseable {
    /** The variable in a worker's environment that names the folder in shared memory which it may use. */
    String FOLDER = "KOLO_FOLDER";

    /** The variable in a worker's environment that has the address of its machine at which the others reach it. */
    String ADDRESS = "KOLO_ADDRESS";

    /** Returns a folder of the job on this machine, which its user alone can enter; it goes with the engine. */
    Path folder();

    /** Returns the address of this machine at which the workers reach it. */
    String address();

    /** Returns what the engine is, for the first line of output: {@code "local engine"}. */
    String name();

    /**
     * Finds room for a job; called once, before the first launch.
     *
     * @param bundle what each bundle needs
     * @param least with fewer bundles the job cannot begin
     * @param most more are not needed
     * @param together whether all come at once and stay as they are, or each by itself, asked for anew when it is lost
     * @param timeout how long to wait for room, where more of it may come
     * @return where they lie, those on one node side by side
     * @throws PlacementException if there is no room for the least number of them, with the figures
     */
    List<Placed> reserve(Resources bundle, int least, int most, Strategy strategy, boolean together, Duration timeout);

    /** Returns where the reserved bundles lie now; some may have gone, or come since. */
    List<Placed> room();

    /**
     * Starts a worker in a bundle.
     *
     * @param spec what to start; the engine adds {@link #FOLDER}, {@link #ADDRESS} and the GPUs to its environment
     * @param lines takes its output, line by line, on a thread of its own
     */
    WorkerHandle launch(WorkerSpec spec, Consumer<String> lines);

    /** Returns whether the workers live on when their driver is killed, until another one takes its place. */
    default boolean outlivesDriver() {
        return false;
    }

    /**
     * Keeps what a driver has to know that takes this one's place; whoever keeps nothing is not replaced.
     *
     * @param state a secret
     */
    default void keep(byte[] state) {
        throw new UnsupportedOperationException(name());
    }

    /** Returns what the driver before this one, which was killed, has kept; nothing if this is the first. */
    default Optional<byte[]> kept() {
        return Optional.empty();
    }

    /** Returns the processes that the driver before has launched, and that live; after {@link #reserve}. */
    default List<Running> running() {
        return List.of();
    }

    /**
     * Takes over a process that the driver before has launched; if it has ended meanwhile, that is heard at once.
     *
     * @param lines takes its output, line by line, on a thread of its own
     */
    default WorkerHandle takeOver(Running running, Consumer<String> lines) {
        throw new UnsupportedOperationException(name());
    }

    /** Waits for all workers to end by themselves; returns false if some have not. */
    boolean awaitExits(long timeoutMs) throws InterruptedException;

    /** Kills what is left; nothing of the job remains on the cluster. */
    @Override
    void close();
}
