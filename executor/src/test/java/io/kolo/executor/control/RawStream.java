package io.kolo.executor.control;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.kolo.executor.control.proto.ControlGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/** A stream of somebody who has all the secrets, and sends what it likes. */
final class RawStream implements AutoCloseable {
    private final ManagedChannel channel;
    private final ClientCall<byte[], byte[]> call;

    RawStream(String address, Identity identity, JobToken token, Consumer<String> ended) {
        channel = NettyChannelBuilder.forTarget(address)
                .sslContext(identity.client())
                .overrideAuthority(Identity.DRIVER)
                .build();
        Bytes bytes = new Bytes();
        MethodDescriptor<byte[], byte[]> join =
                ControlGrpc.getJoinMethod().toBuilder(bytes, bytes).build();
        call = channel.newCall(join, CallOptions.DEFAULT.withCallCredentials(token.credentials()));
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        ended.accept(status.toString());
                    }
                },
                new Metadata());
    }

    void send(byte[] message) {
        call.sendMessage(message);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
