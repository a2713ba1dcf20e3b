package io.kolo.elastic;

/**
 * The name of a replica's state: the last step that it has applied, and the generation that reduced this step. Equal
 * names mean equal parameters, updater states and samples seen, all the way back (the log matching of Raft: Ongaro and
 * Ousterhout, 2014).
 *
 * @param step the last step applied; 0 before the first, -1 for no state
 * @param generation the number of the generation that reduced it; 0 before the first step
 */
public record StateName(long step, int generation) {
    /** What a worker has before it is told of any state. */
    public static final StateName NONE = new StateName(-1, 0);

    /** Before the first step: what any worker makes by itself. */
    public static final StateName INITIAL = new StateName(0, 0);

    /** Returns whether there is a state. */
    public boolean exists() {
        return step >= 0;
    }

    @Override
    public String toString() {
        return exists() ? "step " + step + " of generation " + generation : "no state";
    }
}
