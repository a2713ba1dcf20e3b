package io.kolo.allreduce;

import static io.kolo.allreduce.HostBuffer.ANYWHERE;

import io.kolo.kernels.Reducer;

/**
 * Where the other ranks of a host have what is combined with a rank's own elements: of the next rank, of the one after
 * it, and so on, round. In as few passes as the kernels allow: each one reads and writes the own elements once more.
 */
final class Summands {
    /** By pass, as distances from the own elements; those of one first, so that the last pass is of many. */
    private final long[][] passes;

    /** Of {@code size} ranks, one of which has the own elements. */
    Summands(int size) {
        int others = size - 1;
        int singles = others % Reducer.SOURCES;
        this.passes = new long[singles + others / Reducer.SOURCES][];
        for (int pass = 0; pass < passes.length; pass++) {
            passes[pass] = new long[pass < singles ? 1 : Reducer.SOURCES];
        }
    }

    /**
     * Says where the elements of a rank are.
     *
     * @param places how many places to the right of the own rank it is, from 1
     * @param distance from the own elements to its elements, in bytes
     */
    void set(int places, long distance) {
        int pass = 0;
        int index = places - 1;
        while (index >= passes[pass].length) {
            index -= passes[pass++].length;
        }
        passes[pass][index] = distance;
    }

    /** Returns how many ranks, the farthest ones to the right, the last pass combines. */
    int inLastPass() {
        return passes.length == 0 ? 0 : passes[passes.length - 1].length;
    }

    /**
     * Combines {@code count} elements at the address {@code own} with those of the other ranks, in their order.
     *
     * @param last whether the result is stored into the elements that the last pass reads, too
     */
    void combine(Reducer reducer, long own, long count, boolean last) {
        for (int pass = 0; pass < passes.length; pass++) {
            reducer.reduce(ANYWHERE, own, ANYWHERE, passes[pass], count, last && pass == passes.length - 1);
        }
    }
}
