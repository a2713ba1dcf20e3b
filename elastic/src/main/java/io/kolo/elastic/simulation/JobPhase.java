package io.kolo.elastic.simulation;

/** Where a job is, seen from above. */
enum JobPhase {
    /** No generation has been formed. */
    STARTING,
    /** Members do steps. */
    STEPPING,
    /** They are asked to freeze together. */
    HALTING,
    /** They are to say where they stand. */
    COLLECTING,
    /** There are too few. */
    WAITING,
    /** A generation is being journaled. */
    RECORDING,
    /** A generation is journaled, and some member has not got its state yet. */
    LEVELLING,
    /** Some member has no step left. */
    FINISHING,
    /** There is no coordinator. */
    LEADERLESS
}
