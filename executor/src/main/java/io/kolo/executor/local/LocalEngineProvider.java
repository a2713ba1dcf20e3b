package io.kolo.executor.local;

import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.EngineProvider;
import io.kolo.executor.engine.Node;
import java.util.List;

/** Provides the local engine, at the address {@code "local"}. */
public final class LocalEngineProvider implements EngineProvider {
    /** For the service loader. */
    public LocalEngineProvider() {}

    @Override
    public boolean serves(String address) {
        return address.equals("local");
    }

    @Override
    public Engine open(String address, List<Node> nodes) {
        return new LocalEngine(nodes);
    }
}
