package io.kolo.executor.worker;

import io.kolo.allreduce.HostParts;
import io.kolo.executor.local.JobFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.BooleanSupplier;

/**
 * The folder in memory that the workers of a host have in common, beside each one's own. Nodes that the local engine
 * plays are hosts to each other.
 *
 * @param own this worker's own
 * @param path the one in common
 * @param identity says which folder it is: two workers that say the same are on one host, and see each other's files
 */
record SharedFolder(Path own, Path path, String identity) {
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

    /** Returns parts of memory in it for a ring that stays. */
    HostParts parts() {
        return HostParts.once(path);
    }

    /**
     * Returns parts of memory for rings that follow one another.
     *
     * @param othersAreGone tells whether nobody else can store into them any more
     */
    HostParts parts(BooleanSupplier othersAreGone) {
        return HostParts.kept(path, own, othersAreGone);
    }

    /** Makes it, unless another worker has. */
    static SharedFolder of(Path own, String host) throws IOException {
        Path path = JobFolder.ofHost(own, host);
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        String identity = key == null || !Files.isReadable(BOOT)
                ? "" // not known to be the same as any other
                : Files.readString(BOOT).strip() + " " + key;
        return new SharedFolder(own, path, identity);
    }
}
