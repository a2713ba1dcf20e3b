package io.kolo.elastic;

import java.util.ArrayList;
import java.util.List;

/**
 * The generations of a job in the order in which they were journaled. It says which generation each step counts in,
 * without a record a step: the last one that starts at the step or before it.
 */
public final class Lineage {
    private final List<Generation> generations = new ArrayList<>(List.of(Generation.NOBODY));

    /** The lineage of a journal's records, the first generation first. */
    public Lineage(List<Generation> journaled) {
        journaled.forEach(this::append);
    }

    /**
     * Adds the next generation.
     *
     * @throws IllegalArgumentException if it is no successor of the last one
     */
    public void append(Generation next) {
        if (next.number() != current().number() + 1) {
            throw new IllegalArgumentException(next + " cannot follow " + current());
        }
        if (!next.base().equals(name(next.base().step()))
                || next.dealt() != dealt(next.base().step())) {
            throw new IllegalArgumentException(next + " does not start from "
                    + name(next.base().step()) + " with " + dealt(next.base().step()) + " batches dealt");
        }
        generations.add(next);
    }

    /** Returns the last generation. */
    public Generation current() {
        return generations.getLast();
    }

    /** Returns all generations, the first one first. */
    public List<Generation> generations() {
        return List.copyOf(generations.subList(1, generations.size()));
    }

    /** Returns the generation that a step counts in, from 1 on. */
    public Generation of(long step) {
        return generations.reversed().stream()
                .filter(generation -> generation.start() <= step)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no step " + step));
    }

    /** Returns the name of the state after a step; the step may be 0. */
    public StateName name(long step) {
        return step == 0 ? StateName.INITIAL : new StateName(step, of(step).number());
    }

    /** Returns how many local batches the steps up to this one have taken; the step may be 0. */
    public long dealt(long step) {
        if (step == 0) {
            return 0;
        }
        Generation generation = of(step);
        return generation.dealt() + (step - generation.base().step()) * generation.size();
    }

    /** Returns how many generations lack a member of the one before. */
    public int resets() {
        int resets = 0;
        for (int i = 1; i < generations.size(); i++) {
            Generation next = generations.get(i);
            if (!generations.get(i - 1).members().stream().allMatch(member -> next.has(member.worker()))) {
                resets++;
            }
        }
        return resets;
    }
}
