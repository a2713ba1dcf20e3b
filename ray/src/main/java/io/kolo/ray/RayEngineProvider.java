package io.kolo.ray;

import io.kolo.executor.engine.Engine;
import io.kolo.executor.engine.EngineProvider;
import io.kolo.executor.engine.Node;
import java.util.List;

/** The engine of every address that is a host and a port: a Ray cluster's head. */
public final class RayEngineProvider implements EngineProvider {
    /** For {@link java.util.ServiceLoader}. */
    public RayEngineProvider() {}

    @Override
    public boolean serves(String address) {
        return address.indexOf(':') > 0;
    }

    @Override
    public Engine open(String address, List<Node> nodes) {
        return RayEngine.open(address);
    }
}
