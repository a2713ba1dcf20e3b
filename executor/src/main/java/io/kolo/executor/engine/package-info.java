/**
 * What a cluster has to be able to do for Kolo: say what it has, reserve room for workers, launch them.
 *
 * <p>A job asks for bundles: so many CPUs, GPUs and other resources on one node, for one or more workers. A strategy
 * says how bundles lie to each other. An {@link io.kolo.executor.engine.Engine} finds the room or refuses with the
 * figures; {@link io.kolo.executor.engine.Placer} is the reckoning, for engines that do it themselves. Engines are
 * found by {@link java.util.ServiceLoader}.
 */
@NullMarked
package io.kolo.executor.engine;

import org.jspecify.annotations.NullMarked;
