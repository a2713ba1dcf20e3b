/**
 * What the tests of any module lean on: random numbers whose seed is printed ({@link io.kolo.testkit.Seeded}), and the
 * check that a bad day left nothing behind ({@link io.kolo.testkit.Leftovers}). It knows no module of Kolo, so that all
 * of them can use it.
 */
@NullMarked
package io.kolo.testkit;

import org.jspecify.annotations.NullMarked;
