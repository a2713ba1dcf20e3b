package io.kolo.ray;

import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.kolo.ray.gcs.AutoscalerStateServiceGrpc;
import io.kolo.ray.gcs.GetClusterResourceStateRequest;
import io.kolo.ray.gcs.InternalKVGcsServiceGrpc;
import io.kolo.ray.gcs.InternalKVGetRequest;
import io.kolo.ray.gcs.InternalKVPutRequest;
import io.kolo.ray.gcs.NodeState;
import io.kolo.ray.gcs.NodeStatus;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Asks the control store of a Ray cluster, which is at the cluster's address. */
final class GcsClient implements AutoCloseable {
    private static final long TIMEOUT_S = 10;
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final ByteString CLUSTER = ByteString.copyFromUtf8("cluster");
    private static final ByteString METADATA = ByteString.copyFromUtf8("CLUSTER_METADATA");

    private final String address;
    private final ManagedChannel channel;

    GcsClient(String address) {
        this.address = address;
        Metadata headers = new Metadata();
        RayToken.header().ifPresent(token -> headers.put(AUTHORIZATION, token));
        this.channel = NettyChannelBuilder.forTarget(address)
                .usePlaintext()
                .proxyDetector(target -> null) // what the environment has for the web is not for a cluster
                .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
                .build();
    }

    /**
     * Returns the version of the cluster's Ray.
     *
     * @throws IllegalArgumentException if there is no Ray cluster at this address
     */
    String version() {
        ByteString json = answer(() -> keys().internalKVGet(InternalKVGetRequest.newBuilder()
                        .setKey(METADATA)
                        .setNamespace(CLUSTER)
                        .build())
                .getValue());
        return JsonParser.parseString(json.toStringUtf8())
                .getAsJsonObject()
                .get("ray_version")
                .getAsString();
    }

    /** Returns the nodes that are not dead. */
    List<NodeState> nodes() {
        return answer(() -> AutoscalerStateServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS)
                .getClusterResourceState(GetClusterResourceStateRequest.getDefaultInstance())
                .getClusterResourceState()
                .getNodeStatesList()
                .stream()
                .filter(node -> node.getStatus() != NodeStatus.DEAD)
                .toList());
    }

    /** Keeps a package for the cluster's nodes, until the job that names it ends. */
    void put(String uri, byte[] contents) {
        var unused = answer(() -> keys().internalKVPut(InternalKVPutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(uri))
                .setValue(ByteString.copyFrom(contents))
                .setOverwrite(true)
                .build()));
    }

    private InternalKVGcsServiceGrpc.InternalKVGcsServiceBlockingStub keys() {
        return InternalKVGcsServiceGrpc.newBlockingStub(channel).withDeadlineAfter(TIMEOUT_S, TimeUnit.SECONDS);
    }

    private <T> T answer(java.util.function.Supplier<T> call) {
        try {
            return call.get();
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.UNAUTHENTICATED) {
                throw new IllegalArgumentException(address + " refuses Kolo: " + RayToken.ADVICE, e);
            }
            throw new IllegalArgumentException(
                    "no Ray cluster answers at " + address + " ("
                            + e.getStatus().getCode()
                            + "): give the address that 'ray start --head' has said, such as 10.0.0.1:6379",
                    e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
