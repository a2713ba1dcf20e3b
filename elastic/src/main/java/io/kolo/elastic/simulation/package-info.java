/**
 * The elastic protocol as a whole, on one thread, from a seed: workers, ring, network, journal and coordinators are
 * simulated, the protocol itself ({@link io.kolo.elastic.Replica}, {@link io.kolo.elastic.Membership}) is the one that
 * jobs run. After every event {@code Invariants} are checked. A {@link io.kolo.elastic.simulation.Campaign} runs many
 * seeds, and counts in a {@link io.kolo.elastic.simulation.Coverage} which fault has met which phase; a seed that fails
 * is run again with its trace.
 */
@NullMarked
package io.kolo.elastic.simulation;

import org.jspecify.annotations.NullMarked;
