/**
 * The job's way into Ray: a process of its own beside the driver, which is what Ray calls a driver. Ray's libraries are
 * in it and nowhere else of Kolo's on this machine; that they end their JVM when something is not to their liking, or
 * want the JDK's modules opened, is nothing to the user's program.
 */
@NullMarked
package io.kolo.ray.gateway;

import org.jspecify.annotations.NullMarked;
