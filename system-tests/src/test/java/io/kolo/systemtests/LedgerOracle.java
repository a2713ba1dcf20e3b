package io.kolo.systemtests;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.MultiLayerUpdater;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What an elastic training must come to, bit for bit: plain DL4J and plain loops over the ledger, which says how many
 * ranks did each step. It knows nothing of Kolo; docs/elastic.md has the rules that it follows.
 */
final class LedgerOracle {
    private final int samples;
    private final int batch;
    private final boolean perWorker;
    private final long seed;
    private final Function<int[], DataSet> source;

    /**
     * An oracle of one training.
     *
     * @param batch samples of a step
     * @param perWorker whether so many are those of each rank; the learning rate is then as many times as high
     */
    LedgerOracle(int samples, int batch, boolean perWorker, long seed, Function<int[], DataSet> source) {
        this.samples = samples;
        this.batch = batch;
        this.perWorker = perWorker;
        this.seed = seed;
        this.source = source;
    }

    /**
     * Trains in place.
     *
     * @param sizes for the first step of each generation that counts, its number of ranks
     * @return the digest of the parameters after each step
     */
    NavigableMap<Long, Integer> train(MultiLayerNetwork network, int epochs, NavigableMap<Long, Integer> sizes) {
        NavigableMap<Long, Integer> digests = new TreeMap<>();
        long step = 0;
        for (int epoch = 0; epoch < epochs; epoch++) {
            List<Integer> order = IntStream.range(0, samples).boxed().collect(Collectors.toList());
            Collections.shuffle(order, new Random(mixed(epoch)));
            int dealt = 0;
            while (dealt < samples) {
                step++;
                int size = sizes.floorEntry(step).getValue();
                int end = Math.min(samples, dealt + (perWorker ? batch * size : batch));
                step(network, step, epoch, order.subList(dealt, end), size);
                dealt = end;
                digests.put(step, digest(network));
            }
        }
        return digests;
    }

    private void step(MultiLayerNetwork network, long step, int epoch, List<Integer> dealt, int size) {
        network.setIterationCount((int) step - 1);
        network.setEpochCount(epoch);
        float[][] gradients = new float[size][];
        for (int rank = 0; rank < size; rank++) {
            List<Integer> own = dealt.subList(dealt.size() * rank / size, dealt.size() * (rank + 1) / size);
            long position = (long) rank * (perWorker ? batch * size : batch) / size;
            gradients[rank] = gradient(network, step, own, position, own.size() / (double) dealt.size());
        }
        INDArray flat = network.getFlattenedGradients();
        flat.assign(Nd4j.createFromArray(sum(gradients)).reshape(flat.shape()));
        ((MultiLayerUpdater) network.getUpdater())
                .update(network.gradient(), (int) step - 1, epoch, dealt.size(), LayerWorkspaceMgr.noWorkspaces());
        scaleUpdate(network, perWorker ? size : 1);
        network.params().subi(flat.reshape(network.params().shape()));
    }

    /** Not that of a batch norm's running mean and deviation. */
    private static void scaleUpdate(MultiLayerNetwork network, int factor) {
        for (Layer layer : network.getLayers()) {
            for (String param : layer.paramTable().keySet()) {
                if (layer.updaterDivideByMinibatch(param)) {
                    network.gradient()
                            .getGradientFor(layer.getIndex() + "_" + param)
                            .muli(factor);
                }
            }
        }
    }

    private float[] gradient(MultiLayerNetwork network, long step, List<Integer> own, long position, double share) {
        if (own.isEmpty()) {
            return new float[(int) network.numParams()];
        }
        Nd4j.getRandom().setSeed(mixed(step, position));
        DataSet data = source.apply(own.stream().mapToInt(Integer::intValue).toArray());
        network.setInput(data.getFeatures());
        network.setLabels(data.getLabels());
        network.computeGradientAndScore();
        // A batch norm's running mean and deviation are updates already: of all ranks', the mean by samples counts.
        for (Layer layer : network.getLayers()) {
            for (String param : layer.paramTable().keySet()) {
                if (!layer.updaterDivideByMinibatch(param)) {
                    network.gradient()
                            .getGradientFor(layer.getIndex() + "_" + param)
                            .muli(share);
                }
            }
        }
        return network.getFlattenedGradients().toFloatVector();
    }

    private long mixed(long... numbers) {
        long mixed = new SplittableRandom(seed).nextLong();
        for (long number : numbers) {
            mixed = new SplittableRandom(mixed + number).nextLong();
        }
        return mixed;
    }

    /** Segment k, of as many as there are ranks, is added up in the order of ranks k, k + 1, ... k - 1. */
    private static float[] sum(float[][] gradients) {
        int size = gradients.length;
        int count = gradients[0].length;
        float[] sum = new float[count];
        for (int segment = 0; segment < size; segment++) {
            int start = segment * (count / size) + Math.min(segment, count % size);
            int end = start + count / size + (segment < count % size ? 1 : 0);
            for (int i = start; i < end; i++) {
                float value = gradients[segment][i];
                for (int next = 1; next < size; next++) {
                    value += gradients[(segment + next) % size][i];
                }
                sum[i] = value;
            }
        }
        return sum;
    }

    /** Returns a digest of a network's parameters. */
    static int digest(MultiLayerNetwork network) {
        return Arrays.hashCode(network.params().toFloatVector());
    }
}
