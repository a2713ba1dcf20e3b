package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which ranks are on the same host, in the only sense that counts: they see the same folder in memory. Each puts a file
 * with 64 random bits for a name and 64 more inside into its own, tells all others, and looks for theirs.
 */
final class Hosts {
    private static final System.Logger LOG = System.getLogger(Hosts.class.getName());
    private static final int LONGS = 2;

    private final int[] leaders;

    private Hosts(int[] leaders) {
        this.leaders = leaders;
    }

    /**
     * Finds out, with all ranks.
     *
     * @param communicator of all ranks
     * @param folder this rank's own; where it can't be written, the rank is on a host of its own
     */
    static Hosts find(Communicator communicator, Path folder) {
        long[] own = {new SecureRandom().nextLong(), new SecureRandom().nextLong()};
        Path proof = folder.resolve(name(own[0]));
        try {
            Files.write(proof, bytes(own[1]));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.INFO, "no shared memory in " + folder + ": " + e);
        }
        try {
            return new Hosts(leaders(communicator, folder, own));
        } finally { // all have looked, or there is no ring any more
            try {
                Files.deleteIfExists(proof);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "could not delete " + proof, e);
            }
        }
    }

    private static int[] leaders(Communicator communicator, Path folder, long[] own) {
        long[] all = new long[LONGS * communicator.size()];
        communicator.allGather(MemorySegment.ofArray(own), MemorySegment.ofArray(all), DataType.I64);
        int[] leaders = new int[communicator.size()];
        int[] leader = {
            IntStream.range(0, communicator.rank())
                    .filter(rank -> isIn(folder, all[LONGS * rank], all[LONGS * rank + 1]))
                    .findFirst()
                    .orElse(communicator.rank())
        };
        communicator.allGather(MemorySegment.ofArray(leader), MemorySegment.ofArray(leaders), DataType.I32);
        return leaders;
    }

    /** Returns what is known of ranks that have been found to be on one host. */
    static Hosts one(int size) {
        return new Hosts(new int[size]);
    }

    private static String name(long bits) {
        return "proof-" + Long.toHexString(bits);
    }

    private static byte[] bytes(long bits) {
        return ByteBuffer.allocate(Long.BYTES).putLong(bits).array();
    }

    private static boolean isIn(Path folder, long name, long content) {
        Path file = folder.resolve(name(name));
        try {
            return Files.isRegularFile(file)
                    && Files.size(file) == Long.BYTES
                    && Arrays.equals(Files.readAllBytes(file), bytes(content));
        } catch (IOException e) {
            return false;
        }
    }

    int count() {
        return (int) IntStream.of(leaders).distinct().count();
    }

    /** Returns the lowest rank on a rank's host. */
    int leader(int rank) {
        return leaders[rank];
    }

    /** Says how many ranks each host has, in the order of their leaders: {@code "2 + 2 + 1"}. */
    @Override
    public String toString() {
        return IntStream.range(0, leaders.length)
                .filter(rank -> leaders[rank] == rank)
                .mapToObj(leader -> String.valueOf(
                        IntStream.of(leaders).filter(each -> each == leader).count()))
                .reduce((some, more) -> some + " + " + more)
                .orElse("");
    }
}
