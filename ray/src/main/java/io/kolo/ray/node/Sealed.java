package io.kolo.ray.node;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Keeps a job's keys from those who listen to Ray's network, which is in clear: what is sealed for a supervisor, it
 * alone can open. Whoever can change what passes there, or run an actor, is not kept out by that.
 *
 * <p>X25519 (RFC 7748) with a fresh key for each message, HKDF-SHA256 (RFC 5869) over both public keys, AES-256-GCM.
 */
public final class Sealed {
    private static final String CURVE = "X25519";
    private static final String HASH = "HmacSHA256";
    private static final int TAG_BITS = 128;
    private static final byte[] NONCE = new byte[12]; // each key is used once

    private final KeyPair keys = newKeys();

    /** Makes a key. */
    public Sealed() {}

    /** Returns what others need to seal for the holder of this key. */
    public byte[] publicKey() {
        return keys.getPublic().getEncoded();
    }

    /** Returns {@code message}, for the holder of a key only. */
    public static Frame seal(byte[] publicKey, byte[] message) {
        KeyPair once = newKeys();
        try {
            PublicKey receiver = decode(publicKey);
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, once.getPrivate(), receiver, once.getPublic(), receiver);
            return Frame.of("sealed", once.getPublic().getEncoded(), cipher.doFinal(message));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("a message that can't be sealed", e);
        }
    }

    /**
     * Returns the message of what {@link #seal} made.
     *
     * @throws IllegalArgumentException if it was made for another key, or changed on its way
     */
    public byte[] open(Frame sealed) {
        try {
            PublicKey sender = decode(sealed.bytes(1));
            return cipher(Cipher.DECRYPT_MODE, keys.getPrivate(), sender, sender, keys.getPublic())
                    .doFinal(sealed.bytes(2));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("a sealed message that can't be opened", e);
        }
    }

    private static KeyPair newKeys() {
        try {
            return KeyPairGenerator.getInstance(CURVE).generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static PublicKey decode(byte[] publicKey) throws GeneralSecurityException {
        return KeyFactory.getInstance(CURVE).generatePublic(new X509EncodedKeySpec(publicKey));
    }

    private static Cipher cipher(int mode, PrivateKey own, PublicKey other, PublicKey sender, PublicKey receiver)
            throws GeneralSecurityException {
        KeyAgreement agreement = KeyAgreement.getInstance(CURVE);
        agreement.init(own);
        agreement.doPhase(other, true);
        Mac extract = Mac.getInstance(HASH);
        extract.init(new SecretKeySpec(new byte[extract.getMacLength()], HASH));
        Mac expand = Mac.getInstance(HASH);
        expand.init(new SecretKeySpec(extract.doFinal(agreement.generateSecret()), HASH));
        expand.update(sender.getEncoded());
        expand.update(receiver.getEncoded());
        expand.update((byte) 1);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(expand.doFinal(), "AES"), new GCMParameterSpec(TAG_BITS, NONCE));
        return cipher;
    }
}
