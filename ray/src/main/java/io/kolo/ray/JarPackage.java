package io.kolo.ray;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;

/**
 * Parts of jars, in a package of a size that Ray's REST interface takes (it refuses 100 MiB). The same jars give the
 * same packages.
 *
 * @param parts in their order
 */
record JarPackage(List<Part> parts) {
    private static final long MOST_BYTES = 64 << 20;
    private static final int URI_DIGITS = 32;

    /** A part of a jar. */
    private record Part(ShippedJar jar, long offset, int length) {
        /** {@link io.kolo.ray.node.Submitted} finds it by this name. */
        String name() {
            return jar.digest() + "." + offset;
        }

        byte[] read() throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(length);
            try (FileChannel file = FileChannel.open(jar.path())) {
                while (bytes.hasRemaining() && file.read(bytes, offset + bytes.position()) >= 0) {
                    // There is more to read.
                }
            }
            if (bytes.hasRemaining()) {
                throw new IOException(jar.path() + " has become shorter while it was read");
            }
            return bytes.array();
        }
    }

    /** Returns packages with all that is in these jars. */
    static List<JarPackage> of(List<ShippedJar> jars) {
        List<JarPackage> packages = new ArrayList<>();
        List<Part> parts = new ArrayList<>();
        long free = MOST_BYTES;
        for (ShippedJar jar : jars) {
            long size = size(jar.path());
            for (long offset = 0; offset < size; ) {
                int length = (int) Math.min(free, size - offset);
                parts.add(new Part(jar, offset, length));
                offset += length;
                free -= length;
                if (free == 0) {
                    packages.add(new JarPackage(List.copyOf(parts)));
                    parts.clear();
                    free = MOST_BYTES;
                }
            }
        }
        if (!parts.isEmpty()) {
            packages.add(new JarPackage(List.copyOf(parts)));
        }
        return packages;
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be read", e);
        }
    }

    /** Returns where the cluster keeps it. */
    String uri() {
        StringBuilder contents = new StringBuilder();
        parts.forEach(part ->
                contents.append(part.name()).append(' ').append(part.length).append('\n'));
        return uri(Digests.of(contents.toString().getBytes(UTF_8)));
    }

    /** Returns where the cluster keeps a package of this digest. */
    static String uri(String digest) {
        return "gcs://_ray_pkg_" + digest.substring(0, URI_DIGITS) + ".zip";
    }

    /** Returns its size without what the zip adds, in bytes. */
    long length() {
        return parts.stream().mapToLong(Part::length).sum();
    }

    /** Returns its bytes. */
    byte[] zip() {
        Zip zip = new Zip(Deflater.NO_COMPRESSION); // jars are compressed
        try {
            for (Part part : parts) {
                zip.add(part.name(), part.read());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return zip.bytes();
    }
}
