/** The command line. {@link io.kolo.cli.Main} lists the commands; each is a class that says what it takes. */
@NullMarked
package io.kolo.cli;

import org.jspecify.annotations.NullMarked;
