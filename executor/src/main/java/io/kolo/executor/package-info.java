/**
 * Where the planes meet: {@link io.kolo.executor.RayExecutor} launches workers, forms them to a ring and runs training
 * functions on them; a {@link io.kolo.executor.Worker} is what such a function receives.
 */
@NullMarked
package io.kolo.executor;

import org.jspecify.annotations.NullMarked;
