package io.kolo.systemtests;

import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.EngineProvider;
import io.kolo.executor.engine.Node;
import io.kolo.executor.engine.Placed;
import io.kolo.executor.engine.Resources;
import io.kolo.executor.engine.Strategy;
import io.kolo.executor.engine.WorkerHandle;
import io.kolo.executor.engine.WorkerSpec;
import io.kolo.executor.local.LocalEngineProvider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The local engine, but for one thing: as a cluster that does not reach a machine, it takes the first coordinator, or
 * the first worker, that it is to end for dead, and leaves it as it is.
 */
public final class MistakenEngineProvider implements EngineProvider {
    static final String OF_COORDINATOR = "mistaken:1";
    static final String OF_WORKER = "mistaken:2";
    private static final int KILLED = 137;

    /** For the service loader. */
    public MistakenEngineProvider() {}

    @Override
    public boolean serves(String address) {
        return address.equals(OF_COORDINATOR) || address.equals(OF_WORKER);
    }

    @Override
    public Engine open(String address, List<Node> nodes) {
        return new MistakenEngine(
                new LocalEngineProvider().open("local", nodes),
                address.equals(OF_WORKER) ? "WorkerMain" : "CoordinatorMain");
    }

    private static final class MistakenEngine implements Engine {
        private final Engine local;
        private final String unreached;
        private boolean launchedOne;

        private MistakenEngine(Engine local, String unreached) {
            this.local = local;
            this.unreached = unreached;
        }

        @Override
        public Path folder() {
            return local.folder();
        }

        @Override
        public String name() {
            return local.name();
        }

        @Override
        public String address() {
            return local.address();
        }

        @Override
        public List<Placed> reserve(
                Resources bundle, int least, int most, Strategy strategy, boolean together, Duration timeout) {
            return local.reserve(bundle, least, most, strategy, together, timeout);
        }

        @Override
        public List<Placed> room() {
            return local.room();
        }

        @Override
        public WorkerHandle launch(WorkerSpec spec, Consumer<String> lines) {
            WorkerHandle launched = local.launch(spec, lines);
            boolean first = !launchedOne && spec.mainClass().endsWith(unreached);
            launchedOne |= first;
            return first ? new Unreached(launched) : launched;
        }

        @Override
        public boolean awaitExits(long timeoutMs) throws InterruptedException {
            return local.awaitExits(timeoutMs);
        }

        @Override
        public void close() {
            local.close();
        }
    }

    private static final class Unreached implements WorkerHandle {
        private final WorkerHandle launched;
        private final List<IntConsumer> onExit = new CopyOnWriteArrayList<>();
        private volatile boolean takenForDead;

        private Unreached(WorkerHandle launched) {
            this.launched = launched;
        }

        @Override
        public String description() {
            return launched.description();
        }

        @Override
        public void onDeath(Runnable dying, Runnable halted) {
            launched.onDeath(dying, halted);
        }

        @Override
        public void onExit(IntConsumer action) {
            onExit.add(action);
        }

        @Override
        public OptionalInt exitCode() {
            return takenForDead ? OptionalInt.of(KILLED) : launched.exitCode();
        }

        @Override
        public void kill() {
            takenForDead = true;
            onExit.forEach(action -> action.accept(KILLED));
        }

        @Override
        public List<String> lastLines() {
            return launched.lastLines();
        }
    }
}
