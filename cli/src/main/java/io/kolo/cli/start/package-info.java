/** What runs before anything that needs Java 25: compiled for Java 11, so that an older JVM can say what it lacks. */
@NullMarked
package io.kolo.cli.start;

import org.jspecify.annotations.NullMarked;
