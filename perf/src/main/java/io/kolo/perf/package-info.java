/** Measurements: what a job does on its workers to be measured, and how the figures are written down. */
@NullMarked
package io.kolo.perf;

import org.jspecify.annotations.NullMarked;
