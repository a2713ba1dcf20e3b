/**
 * Who is in the ring, and why. Decisions only: events and the time go in, orders and reasons come out; nothing here
 * waits, reads a clock, starts a thread or talks to anyone, so the whole protocol runs under {@code simulation}, from a
 * seed.
 *
 * <p>A job's workers form one {@link io.kolo.elastic.Generation} after another; the journal of them is the
 * {@link io.kolo.elastic.Lineage}. A {@link io.kolo.elastic.Replica} is a worker's side: it says where it stands, and
 * obeys orders. {@link io.kolo.elastic.Membership} is the coordinator's: it hears {@link io.kolo.elastic.Standing}s,
 * and when someone comes, goes or falls silent it has all freeze, collects where they stand, and has
 * {@link io.kolo.elastic.Succession} say who is next, and from which state. docs/elastic.md tells the protocol, and why
 * it is safe.
 */
@NullMarked
package io.kolo.elastic;

import org.jspecify.annotations.NullMarked;
