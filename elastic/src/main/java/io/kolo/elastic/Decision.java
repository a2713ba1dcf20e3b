package io.kolo.elastic;

/** Who goes on, or why nobody does. */
sealed interface Decision {
    /** This generation is next. */
    record Next(Generation generation) implements Decision {}

    /** There are too few; more may come. */
    record Wait(String reason) implements Decision {}

    /** The state of the training is lost. */
    record Lost(String reason) implements Decision {}
}
