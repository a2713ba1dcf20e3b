/**
 * The control channel: how driver and workers talk. One gRPC stream a worker, opened with the job's token; what travels
 * on it becomes a {@link io.kolo.executor.control.WorkerEvent} at the driver. Objects of any length travel in parts.
 */
@NullMarked
package io.kolo.executor.control;

import org.jspecify.annotations.NullMarked;
