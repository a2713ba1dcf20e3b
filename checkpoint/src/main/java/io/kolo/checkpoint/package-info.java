/**
 * What outlives a process: the {@link io.kolo.checkpoint.Journal} of a training's generations, in a Chronicle Queue,
 * and the {@link io.kolo.checkpoint.Ledger}, which says from it how many ranks have done each step that counts.
 */
@NullMarked
package io.kolo.checkpoint;

import org.jspecify.annotations.NullMarked;
