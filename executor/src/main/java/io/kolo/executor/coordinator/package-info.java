/** The process of an elastic job's coordinator: a shell around the decisions of {@code io.kolo.elastic}. */
@NullMarked
package io.kolo.executor.coordinator;

import org.jspecify.annotations.NullMarked;
