package io.kolo.elastic;

import java.util.Comparator;

/**
 * Where a worker stands: all that it ever tells, at each change and again at each beat.
 *
 * @param worker its number
 * @param generation the last generation that it has entered; 0 for none
 * @param promised the generation up to which it has promised to apply nothing more; what it then says of its state
 *     stays true until a later generation is announced to it
 * @param state the state that it has
 * @param finished whether it has no step left to do in this generation
 * @param waiting whether it was in the ring with the others, in a step or for the state, when it promised
 * @param blamed the worker for which it waited in vain, {@link #NOBODY} if it gave up nothing by a deadline
 * @param prepared the last generation whose ring it has got ready, or failed to, before that was announced; 0 for none
 */
public record Standing(
        int worker,
        int generation,
        int promised,
        StateName state,
        boolean finished,
        boolean waiting,
        int blamed,
        int prepared) {
    /** No worker. */
    public static final int NOBODY = -1;

    private static final Comparator<Standing> AGE = Comparator.comparingInt(Standing::generation)
            .thenComparingInt(Standing::promised)
            .thenComparingLong(standing -> standing.state.step())
            .thenComparing(Standing::finished)
            .thenComparingInt(Standing::prepared);

    /** Where a worker stands that has just come. */
    public static Standing fresh(int worker) {
        return new Standing(worker, 0, 0, StateName.NONE, false, false, NOBODY, 0);
    }

    /**
     * Returns whether this was said after another of the same worker: each part only grows until an earlier one does.
     */
    public boolean isNewerThan(Standing other) {
        return AGE.compare(this, other) > 0;
    }

    /** Returns whether it applies nothing more in a generation. */
    public boolean frozenIn(int number) {
        return promised >= number;
    }
}
