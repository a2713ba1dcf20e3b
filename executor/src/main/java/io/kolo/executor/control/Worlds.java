package io.kolo.executor.control;

import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.World;
import java.time.Duration;

/** What workers are told of a generation. */
public final class Worlds {
    private Worlds() {}

    /**
     * Begins the description of a generation; its members, and the rank of the worker that gets it, are still missing.
     *
     * @param key secret of the generation
     * @param transport a name of {@link io.kolo.executor.Transport}
     */
    public static World.Builder of(int generation, long key, String transport, Duration collectiveTimeout) {
        return World.newBuilder()
                .setGeneration(generation)
                .setKey(key)
                .setTransport(transport)
                .setCollectiveTimeoutMs(collectiveTimeout.toMillis());
    }

    /** Returns a worker as a member of a generation. */
    public static Member member(Hello hello, int bundle) {
        return Member.newBuilder()
                .setHost(hello.getHost())
                .setDataAddress(hello.getDataAddress())
                .setMemory(hello.getMemory())
                .setBundle(bundle)
                .build();
    }
}
