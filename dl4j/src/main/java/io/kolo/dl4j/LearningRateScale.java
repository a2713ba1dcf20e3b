package io.kolo.dl4j;

import java.io.Serializable;

/**
 * How the learning rate follows the number of ranks: the updates of a step are multiplied by a factor, after the
 * updater. For each of DL4J's updaters that is the same as another learning rate, except for those with momentum, where
 * it is better: what they remember is not scaled, and so stays right when ranks come and go (<a
 * href="https://arxiv.org/abs/1706.02677">Goyal et al. 2017</a>, section 3).
 */
@FunctionalInterface
public interface LearningRateScale extends Serializable {
    /** The learning rate stays as it is: for steps of the same length, however many ranks there are. */
    LearningRateScale NONE = size -> 1;

    /** The learning rate is that of one rank, times the number of ranks: for a batch of each worker's own. */
    LearningRateScale LINEAR = size -> size;

    /**
     * Returns by what the learning rate is multiplied.
     *
     * @param size number of ranks; the factor follows from it alone, or ranks part
     * @return a finite number above 0
     */
    double factor(int size);
}
