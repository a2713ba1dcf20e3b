/**
 * A worker's life, and the only place where control plane and data plane meet:
 * {@link io.kolo.executor.worker.WorkerMain} opens both ends, joins the driver, forms the ring that it announces and
 * runs the functions that it sends. It carries out what it is told and decides nothing.
 */
@NullMarked
package io.kolo.executor.worker;

import org.jspecify.annotations.NullMarked;
