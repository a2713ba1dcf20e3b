/** The local engine: worker JVMs on this machine, and the folder in shared memory that they and nobody else may use. */
@NullMarked
package io.kolo.executor.local;

import org.jspecify.annotations.NullMarked;
