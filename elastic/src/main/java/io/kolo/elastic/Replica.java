package io.kolo.elastic;

import org.jspecify.annotations.Nullable;

/**
 * A worker's side of the protocol. Its shell turns the ring; each method says whether something has changed, so that
 * the shell ends what waits and tells the coordinator its {@link #standing()}. Completing a step and promising to
 * complete none exclude each other: the shell calls all methods under one lock.
 */
public final class Replica {
    /** Where a worker is. */
    public enum Phase {
        /** Has entered no generation yet. */
        FRESH,
        /** Outside of the ring: before the state is made the same everywhere, between two steps, or with none left. */
        READY,
        /** In the ring, where those without the generation's state get it from one that has it. */
        LEVELLING,
        /** In the ring, in a step. */
        IN_STEP,
        /** Has promised to apply nothing more in its generation; waits for the next. */
        FROZEN,
        /** All members are done. */
        RELEASED,
        /** Is no member any more. */
        LEFT
    }

    private final int worker;
    private Phase phase = Phase.FRESH;
    private Generation generation = Generation.NOBODY;
    private int promised;
    private StateName state = StateName.NONE;
    private boolean levelled;
    private boolean finished;
    private boolean waiting;
    private boolean halting;
    private int preparing;
    private int prepared;
    private int blamed = Standing.NOBODY;
    private @Nullable String reason;

    /** A worker that has just come. */
    public Replica(int worker) {
        this.worker = worker;
    }

    /** Returns what the coordinator is to be told. */
    public Standing standing() {
        return new Standing(worker, generation.number(), promised, state, finished, waiting, blamed, prepared);
    }

    /** Returns where it is. */
    public Phase phase() {
        return phase;
    }

    /** Returns the last generation that it has entered. */
    public Generation generation() {
        return generation;
    }

    /** Returns the state that it has. */
    public StateName state() {
        return state;
    }

    /** Returns whether it has to go into the ring for the generation's state, or to give it, before the first step. */
    public boolean needsState() {
        return !levelled;
    }

    /** Returns whether its next step carries the halt bit. */
    public boolean halting() {
        return halting;
    }

    /** Returns why it is no member any more; null while it is. */
    public @Nullable String reason() {
        return reason;
    }

    /** Obeys an order; returns whether anything has changed. */
    public boolean obey(Order order) {
        if (order.generation() < generation.number() || phase == Phase.LEFT || phase == Phase.RELEASED) {
            return false;
        }
        return switch (order) {
            case Order.Collect collect -> promise(collect.generation(), Standing.NOBODY);
            case Order.Form form -> form(form.next());
            case Order.Prepare prepare -> prepare(prepare.generation());
            case Order.Halt halt -> {
                boolean news = !halting && halt.generation() == generation.number();
                halting |= news;
                yield news;
            }
            case Order.Release release -> {
                boolean over = finished && release.generation() == generation.number();
                phase = over ? Phase.RELEASED : phase;
                yield over;
            }
            case Order.Leave leave -> leave(leave.reason());
        };
    }

    private boolean form(Generation next) {
        if (next.number() <= promised || next.number() == generation.number()) {
            return false;
        }
        int rank = next.rankOf(worker);
        if (rank < 0) {
            return phase != Phase.FRESH && leave("generation " + next.number() + " went on without it");
        }
        if (phase != Phase.FRESH && phase != Phase.FROZEN) {
            throw new IllegalStateException(next + " names worker " + worker + ", which has promised nothing");
        }
        generation = next;
        levelled = !next.levels();
        finished = false;
        halting = false;
        waiting = false;
        blamed = Standing.NOBODY;
        if (next.base().equals(StateName.INITIAL) && rank == next.root()) {
            state = StateName.INITIAL;
        }
        phase = Phase.READY;
        return true;
    }

    /** The first plan for a generation counts; a later one would be too late. */
    private boolean prepare(int number) {
        boolean here = phase == Phase.FRESH || (phase != Phase.FROZEN && number == generation.number());
        if (!here || preparing > number) {
            return false;
        }
        preparing = number + 1;
        return true;
    }

    /** What it was told to prepare for a generation is ready, or does not come about. */
    public boolean prepared(int number) {
        boolean news = number > prepared;
        prepared = Math.max(prepared, number);
        return news;
    }

    private boolean leave(String why) {
        phase = Phase.LEFT;
        reason = why;
        return true;
    }

    private boolean promise(int number, int culprit) {
        if (number <= promised) {
            return false;
        }
        promised = number;
        blamed = culprit;
        waiting = phase == Phase.IN_STEP || phase == Phase.LEVELLING;
        if (phase != Phase.FRESH) {
            phase = Phase.FROZEN;
        }
        return true;
    }

    /** The ring is broken: nothing more is applied in this generation. */
    public boolean broke(int culprit) {
        boolean member = phase == Phase.READY || phase == Phase.LEVELLING || phase == Phase.IN_STEP;
        return member && promise(generation.number(), culprit);
    }

    /** It has the generation's state now. */
    public boolean levelled() {
        if (phase != Phase.LEVELLING) {
            return false;
        }
        state = generation.base();
        levelled = true;
        phase = Phase.READY;
        return true;
    }

    /** Goes into the ring, for the state or for the next step. */
    public boolean enter() {
        if (phase != Phase.READY || finished) {
            return false;
        }
        phase = levelled ? Phase.IN_STEP : Phase.LEVELLING;
        return true;
    }

    /**
     * The step is reduced.
     *
     * @param halt whether any member's part of it carried the halt bit
     * @return whether the step is to be applied; if not, it is lost
     */
    public boolean complete(boolean halt) {
        if (phase != Phase.IN_STEP) {
            return false;
        }
        state = new StateName(state.step() + 1, generation.number());
        phase = Phase.READY;
        if (halt) {
            promise(generation.number(), Standing.NOBODY);
        }
        return true;
    }

    /** There is no step left. */
    public boolean finish() {
        if (phase != Phase.READY || !levelled || finished) {
            return false;
        }
        finished = true;
        return true;
    }
}
