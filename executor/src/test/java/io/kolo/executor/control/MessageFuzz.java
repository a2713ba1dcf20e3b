package io.kolo.executor.control;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.stub.ServerCallStreamObserver;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Progress;
import io.kolo.executor.control.proto.ToWorker;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** For Jazzer: whatever a worker sends, its stream takes it or refuses it, and throws nothing. */
public final class MessageFuzz {
    private MessageFuzz() {}

    /** Gives a stream the messages that {@code input} is cut into, after a hello if its first byte is even. */
    public static void fuzzerTestOneInput(byte[] input) {
        decodeIdentity(input);
        NowhereStream nowhere = new NowhereStream();
        WorkerStream stream =
                new WorkerStream(Identity.workerName(0), nowhere, new AtomicIntegerArray(1), new ReadingListener());
        ByteBuffer rest = ByteBuffer.wrap(input);
        if (rest.hasRemaining() && rest.get() % 2 == 0) {
            stream.onNext(FromWorker.newBuilder()
                    .setHello(Hello.newBuilder().setVersions(Versions.OWN))
                    .build());
        }
        while (rest.hasRemaining()) {
            byte[] message = new byte[Math.min(Byte.toUnsignedInt(rest.get()), rest.remaining())];
            rest.get(message);
            try {
                stream.onNext(FromWorker.parseFrom(message));
            } catch (InvalidProtocolBufferException e) {
                stream.onError(e);
                return;
            }
        }
        stream.onCompleted();
    }

    private static void decodeIdentity(byte[] input) {
        try {
            Identity.decode(new String(input, ISO_8859_1));
        } catch (IllegalArgumentException e) {
            String unused = e.getMessage();
        }
    }

    /** Reads all of an event, as the driver would. */
    private static final class ReadingListener implements WorkerListener {
        @Override
        public void onEvent(WorkerEvent event) {
            if (event instanceof WorkerEvent.Failed failed) {
                failed.failure().getCausesList().forEach(Failures::stack);
            }
        }

        @Override
        public void onProgress(int slot, Progress progress) {
            String unused = progress.getMetricsMap().toString();
        }

        @Override
        public void onHeartbeat(int slot, Heartbeat heartbeat) {}
    }

    private static final class NowhereStream extends ServerCallStreamObserver<ToWorker> {
        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public void setOnCancelHandler(Runnable handler) {}

        @Override
        public void setCompression(String compression) {}

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setOnReadyHandler(Runnable handler) {}

        @Override
        public void disableAutoInboundFlowControl() {}

        @Override
        public void request(int count) {}

        @Override
        public void setMessageCompression(boolean enable) {}

        @Override
        public void onNext(ToWorker message) {}

        @Override
        public void onError(Throwable reason) {}

        @Override
        public void onCompleted() {}
    }
}
