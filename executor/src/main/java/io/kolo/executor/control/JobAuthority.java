package io.kolo.executor.control;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * The certificate authority of one job: made by its driver, kept in memory, gone with the job. Whom it has issued an
 * {@link Identity} is in the job; nobody else is.
 */
public final class JobAuthority {
    private static final String CURVE = "secp256r1";
    private static final String SIGNATURE = "SHA256withECDSA";
    private static final Duration CLOCK_SKEW = Duration.ofDays(1);
    private static final Duration LIFETIME = Duration.ofDays(3650); // the keys die with the job, long before
    private static final int SERIAL_BITS = 128;
    private static final X500Principal NAME = new X500Principal("CN=kolo-job");

    private final SecureRandom random = new SecureRandom();
    private final PrivateKey key;
    private final X509Certificate certificate;

    /** Makes an authority with a new key. */
    public JobAuthority() {
        KeyPair own = newKeys();
        this.key = own.getPrivate();
        this.certificate = certify(NAME, own);
    }

    private JobAuthority(Identity own) {
        this.key = own.key();
        this.certificate = own.certificate();
    }

    /** Returns this authority as text without line breaks, for the driver that takes this one's place: a secret. */
    public String encode() {
        return new Identity(key, certificate, certificate).encode();
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static JobAuthority decode(String text) {
        return new JobAuthority(Identity.decode(text));
    }

    /** Issues the identity of the driver, which workers insist on. */
    public Identity driver() {
        return issue(Identity.DRIVER, KeyPurposeId.id_kp_serverAuth);
    }

    /** Issues the identity of the worker in {@code slot}, which can't speak for another one. */
    public Identity worker(int slot) {
        return issue(Identity.workerName(slot), KeyPurposeId.id_kp_clientAuth);
    }

    /** Issues the identity of an elastic job's coordinator, which calls the driver, and which the workers call. */
    public Identity coordinator() {
        return issue(Identity.COORDINATOR, KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_serverAuth);
    }

    private Identity issue(String name, KeyPurposeId... purposes) {
        KeyPair own = newKeys();
        return new Identity(own.getPrivate(), certify(new X500Principal("CN=" + name), own, purposes), certificate);
    }

    private KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(CURVE), random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Certifies for purposes, or, without one, as the authority itself. */
    private X509Certificate certify(X500Principal name, KeyPair subject, KeyPurposeId... purposes) {
        Instant now = Instant.now();
        try {
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    NAME,
                    new BigInteger(SERIAL_BITS, random),
                    Date.from(now.minus(CLOCK_SKEW)),
                    Date.from(now.plus(LIFETIME)),
                    name,
                    subject.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(purposes.length == 0));
            if (purposes.length > 0) {
                String commonName = name.getName().substring("CN=".length());
                builder.addExtension(Extension.extendedKeyUsage, true, new ExtendedKeyUsage(purposes));
                builder.addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(new GeneralName(GeneralName.dNSName, commonName)));
            }
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(key)));
        } catch (CertIOException | OperatorCreationException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
