package io.kolo.executor.control;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts who is turned away, and says so in the log: a connection that does not get through TLS, in time or at all, and
 * a stream that ends in an error of its sender's. After the first ones, a flood is told by its doublings only.
 */
final class Refusals {
    private static final System.Logger LOG = System.getLogger(ControlServer.class.getName());
    private static final long ALWAYS_LOGGED = 10;

    /** The good end, and the end of a process or its connection. */
    private static final Set<Status.Code> NO_REFUSAL =
            Set.of(Status.Code.OK, Status.Code.CANCELLED, Status.Code.UNAVAILABLE);

    private final AtomicLong count = new AtomicLong();
    private volatile boolean closed;

    long count() {
        return count.get();
    }

    /** What ends from here on is ended by this side. */
    void close() {
        closed = true;
    }

    private void add(Object who, String why) {
        if (closed) {
            return;
        }
        long number = count.incrementAndGet();
        if (number <= ALWAYS_LOGGED || Long.bitCount(number) == 1) {
            LOG.log(System.Logger.Level.WARNING, "refused {0} on the control channel (no. {1}): {2}", who, number, why);
        }
    }

    ServerTransportFilter ofConnections() {
        return new ServerTransportFilter() {
            @Override
            public void transportTerminated(@Nullable Attributes ready) {
                if (ready == null) {
                    add("a connection", "no TLS handshake with a certificate of this job, or none in time");
                }
            }
        };
    }

    ServerStreamTracer.Factory ofStreams() {
        return new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new Tracer();
            }
        };
    }

    private final class Tracer extends ServerStreamTracer {
        private Object peer = "a stream";

        @Override
        public void serverCallStarted(ServerCallInfo<?, ?> call) {
            SocketAddress remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
            if (remote != null) {
                peer = remote;
            }
        }

        @Override
        public void streamClosed(Status status) {
            if (!NO_REFUSAL.contains(status.getCode())) {
                add(peer, status.getCode() + " " + status.getDescription());
            }
        }
    }
}
