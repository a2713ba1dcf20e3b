/**
 * What runs on the nodes of a Ray cluster beside the workers: a {@link io.kolo.ray.node.Supervisor} for each bundle, an
 * actor in a JVM of Ray's own. It knows the JDK and Ray's API only, and any Java from 11 on runs it: what the nodes
 * have for Ray decides that, not Kolo. It starts the worker JVMs, which need a JDK 25, and takes them along when it
 * dies.
 */
@NullMarked
package io.kolo.ray.node;

import org.jspecify.annotations.NullMarked;
