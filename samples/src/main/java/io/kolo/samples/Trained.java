package io.kolo.samples;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/**
 * What a lesson comes to, the same on every rank.
 *
 * @param accuracy the share of the test images, 0 to 1, that the network reads right
 * @param parameters a digest of the network's parameters: two trainings with the same one came to the same bits
 */
public record Trained(double accuracy, String parameters) implements Serializable {
    private static final int DIGEST_BYTES = 8;

    static Trained of(MultiLayerNetwork network, double accuracy) {
        return new Trained(accuracy, digest(network.params().toFloatVector()));
    }

    private static String digest(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());
            return HexFormat.of().formatHex(Arrays.copyOf(digest, DIGEST_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
