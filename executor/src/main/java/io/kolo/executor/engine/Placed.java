package io.kolo.executor.engine;

import java.util.List;

/**
 * Where a bundle lies.
 *
 * @param bundle the number that the engine knows it by, as long as it is there
 * @param node the node's name
 * @param gpus numbers of the node's GPUs that are this bundle's alone
 */
public record Placed(int bundle, String node, List<Integer> gpus) {
    /** No bundle: what a job needs beside its workers, where the engine has room for it. */
    public static final int APART = -1;
}
