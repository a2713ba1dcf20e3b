package io.kolo.allreduce;

/**
 * A rank's lines to all others of its World: one each way between any two. Where a line is made when it is first used,
 * chunks wait until it is there.
 */
public interface Lines extends AutoCloseable {
    /**
     * Returns a link over the lines from {@code left} and to {@code right}, which may be the same rank, and which other
     * links may share. One thread at a time may use links that share a line.
     */
    Link link(int left, int right);

    /**
     * Returns the lines of a process set: others than these, which may be used at the same time.
     *
     * @param number 1 to 255; sets with a rank in common have different ones
     * @param ranks the ranks, by these lines' count, in the order of the set's
     */
    Lines subset(int number, int[] ranks);

    @Override
    void close();
}
