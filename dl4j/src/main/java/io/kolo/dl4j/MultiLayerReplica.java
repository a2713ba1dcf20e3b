package io.kolo.dl4j;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.MultiLayerUpdater;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;

/** A list of layers. */
final class MultiLayerReplica extends Replica {
    private final MultiLayerNetwork network;

    MultiLayerReplica(MultiLayerNetwork network, GradientExchange exchange) {
        super(exchange);
        this.network = network;
        check(network.conf(), network.getLayerWiseConfigurations().getBackpropType());
    }

    @Override
    Model model() {
        return network;
    }

    @Override
    INDArray flatGradient() {
        return updater().getFlattenedGradientsView();
    }

    @Override
    boolean isMovable() {
        return true;
    }

    @Override
    void move(INDArray gradient) {
        setFlatGradient(MultiLayerNetwork.class, network, gradient);
        network.setBackpropGradientsViewArray(gradient);
    }

    @Override
    @Nullable
    INDArray updaterState() {
        return updater().getStateViewArray();
    }

    private MultiLayerUpdater updater() {
        return (MultiLayerUpdater) network.getUpdater();
    }

    @Override
    Map<String, Trainable> layers() {
        Map<String, Trainable> layers = new LinkedHashMap<>();
        for (int i = 0; i < network.getnLayers(); i++) {
            layers.put(String.valueOf(i), network.getLayer(i));
        }
        return layers;
    }

    @Override
    void install() {
        network.setUpdater(new ExchangingUpdater(network, updaterState()));
    }

    @Override
    boolean isInstalled() {
        return network.getUpdater() instanceof ExchangingUpdater;
    }

    @Override
    void fit(DataSet batch) {
        network.fit(batch);
    }

    @Override
    void rehearse(DataSet batch) {
        network.clone().fit(batch);
    }

    @Override
    void update(Gradient gradient) {
        updater().update(gradient, iteration(), epoch(), 0, LayerWorkspaceMgr.noWorkspaces());
    }

    @Override
    INDArray output(DataSet batch) {
        return network.output(batch.getFeatures(), false, batch.getFeaturesMaskArray(), batch.getLabelsMaskArray());
    }

    @Override
    int iteration() {
        return network.getIterationCount();
    }

    @Override
    int epoch() {
        return network.getEpochCount();
    }

    @Override
    void resume(int iteration, int epoch) {
        network.setIterationCount(iteration);
        network.setEpochCount(epoch);
    }

    private final class ExchangingUpdater extends MultiLayerUpdater {
        private static final long serialVersionUID = 1L;

        ExchangingUpdater(MultiLayerNetwork network, @Nullable INDArray state) {
            super(network, state);
        }

        @Override
        public synchronized void update(
                Gradient gradient, int iteration, int epoch, int batchSize, LayerWorkspaceMgr workspaces) {
            int globalBatch = exchange.sum(MultiLayerReplica.this, batchSize);
            if (globalBatch > 0) {
                super.update(gradient, iteration, epoch, globalBatch, workspaces);
                scaleUpdate();
            }
        }
    }
}
