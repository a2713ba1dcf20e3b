package io.kolo.executor.engine;

import java.util.List;

/**
 * Where a bundle lies.
 *
 * @param bundle its number in the job
 * @param node the node's name
 * @param gpus numbers of the node's GPUs that are this bundle's alone
 */
public record Placed(int bundle, String node, List<Integer> gpus) {}
