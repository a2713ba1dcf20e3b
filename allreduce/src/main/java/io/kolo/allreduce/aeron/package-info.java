/**
 * The ring's neighbours over Aeron UDP: the only code that knows Aeron.
 *
 * <p>Every rank embeds its own media driver; one that is shared dies with its owner. The driver has no thread of its
 * own inside an operation: the rank's thread turns it between two chunks, and so nobody waits for a thread to be
 * scheduled. Outside, a thread of the endpoint does ({@link io.kolo.allreduce.aeron.AeronEndpoint}).
 */
@NullMarked
package io.kolo.allreduce.aeron;

import org.jspecify.annotations.NullMarked;
