package io.kolo.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Who has done the steps that count. A generation cuts off what those before it did from its first step on, so a record
 * a generation says it for every step; and with the rule by which samples are dealt (seed, epoch, step, rank and number
 * of ranks) this fixes which rank had which samples.
 *
 * @param generations the first one first
 */
public record Ledger(List<GenerationRecord> generations) {
    /** A ledger; the list is copied. */
    public Ledger {
        generations = List.copyOf(generations);
    }

    /**
     * Reads the ledger of a training.
     *
     * @param folder its journal
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is damaged
     */
    public static Ledger read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("there is no journal in " + folder);
        }
        try (Journal journal = Journal.open(folder)) {
            return new Ledger(journal.records());
        }
    }

    /** Returns for the first step of each generation that has steps which count, from 1 on, the number of its ranks. */
    public NavigableMap<Long, Integer> sizes() {
        NavigableMap<Long, Integer> sizes = new TreeMap<>();
        for (GenerationRecord generation : generations) {
            long first = generation.baseStep() + 1;
            sizes.tailMap(first, true).clear();
            sizes.put(first, generation.members().size());
        }
        return sizes;
    }
}
