package io.kolo.executor.control;

import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.SSLException;

/**
 * Who somebody is in a job, and how it proves it.
 *
 * @param key its secret
 * @param certificate says its name
 * @param authority the job's, which signed the certificates of all
 */
public record Identity(PrivateKey key, X509Certificate certificate, X509Certificate authority) {
    static final String DRIVER = "kolo-driver";
    static final String COORDINATOR = "kolo-coordinator";

    private static final String SEPARATOR = ".";
    private static final int PARTS = 3;

    static String workerName(int slot) {
        return "kolo-worker-" + slot;
    }

    /** Returns this identity as text without line breaks; it holds the secret. */
    public String encode() {
        try {
            return String.join(
                    SEPARATOR,
                    base64(key.getEncoded()),
                    base64(certificate.getEncoded()),
                    base64(authority.getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static Identity decode(String text) {
        String[] parts = text.split("\\" + SEPARATOR, -1);
        if (parts.length != PARTS) {
            throw new IllegalArgumentException("an identity has " + PARTS + " parts, not " + parts.length);
        }
        try {
            byte[] key = Base64.getDecoder().decode(parts[0]);
            return new Identity(
                    KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)),
                    certificate(parts[1]),
                    certificate(parts[2]));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("an identity that can't be read", e);
        }
    }

    private static X509Certificate certificate(String text) throws GeneralSecurityException {
        byte[] bytes = Base64.getDecoder().decode(text);
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(bytes));
    }

    @Override
    public String toString() {
        return "Identity of " + certificate.getSubjectX500Principal(); // never the secret
    }

    SslContext server() {
        return build(SslContextBuilder.forServer(key, certificate, authority).clientAuth(ClientAuth.REQUIRE));
    }

    SslContext client() {
        return build(SslContextBuilder.forClient().keyManager(key, certificate, authority));
    }

    /** With the JDK's TLS: the one in native code would leave files in the temporary folder of a killed process. */
    private SslContext build(SslContextBuilder builder) {
        try {
            return GrpcSslContexts.configure(builder.trustManager(authority), SslProvider.JDK)
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException(e);
        }
    }
}
