package io.kolo.executor.control;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executor;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The secret that the workers of one job share with their driver. Without it, no message of a call is decoded. */
public final class JobToken {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String SCHEME = "Bearer ";
    private static final int BYTES = 32;
    private static final String MAC = "HmacSHA256";

    private final String value;

    /** Takes a token that another process has made. */
    public JobToken(String value) {
        this.value = value;
    }

    /** Makes a token of 256 random bits. */
    public static JobToken random() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return new JobToken(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
    }

    /** Returns the secret itself, for the environment of a worker. */
    public String value() {
        return value;
    }

    /**
     * Returns the key of a generation, which only those have that have this token: the first 8 bytes of HMAC-SHA-256.
     * Coordinators that know of the same generation come to the same.
     *
     * @param workers its members, by rank: a generation that was only prepared for may have had others
     */
    public long key(int run, int generation, List<Integer> workers) {
        try {
            Mac mac = Mac.getInstance(MAC);
            mac.init(new SecretKeySpec(ascii(value), MAC));
            mac.update(ascii("generation " + run + " " + generation + " " + workers));
            return ByteBuffer.wrap(mac.doFinal()).getLong();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "JobToken"; // never the secret
    }

    CallCredentials credentials() {
        return new CallCredentials() {
            @Override
            public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
                Metadata headers = new Metadata();
                headers.put(AUTHORIZATION, SCHEME + value);
                applier.apply(headers);
            }
        };
    }

    ServerInterceptor guard() {
        return new ServerInterceptor() {
            @Override
            public <Q, A> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                String given = headers.get(AUTHORIZATION);
                if (given != null && MessageDigest.isEqual(ascii(given), ascii(SCHEME + value))) {
                    return next.startCall(call, headers);
                }
                call.close(Status.UNAUTHENTICATED.withDescription("wrong job token"), new Metadata());
                return new ServerCall.Listener<>() {};
            }
        };
    }

    private static byte[] ascii(String text) {
        return text.getBytes(US_ASCII);
    }
}
