package io.kolo.allreduce;

/**
 * The numbers that keep the lines of process sets apart: 0 is the World's, and a set of a set has both their numbers in
 * it.
 */
public final class Channels {
    /** How many sets a communicator can be split into, one after the other. */
    public static final int MAX_SETS = 255;

    private static final int BITS = 8;
    private static final int DEEPEST = 1 << BITS;

    private Channels() {}

    /**
     * Returns the channel of a set of what {@code parent} is the channel of; it has 16 bits.
     *
     * @throws IllegalStateException for the set of a set of a set, and for one more than {@value #MAX_SETS}
     */
    public static int child(int parent, int number) {
        if (parent >= DEEPEST || number > MAX_SETS) {
            throw new IllegalStateException("a communicator can be split " + MAX_SETS
                    + " times, and what comes out of it once more: this would be split " + number + " of channel "
                    + parent);
        }
        return parent << BITS | number;
    }
}
