package io.kolo.dl4j;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.updater.graph.ComputationGraphUpdater;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;

/** A graph of layers and other vertices. */
final class GraphReplica extends Replica {
    private final ComputationGraph network;

    GraphReplica(ComputationGraph network, GradientExchange exchange) {
        super(exchange);
        this.network = network;
        check(network.conf(), network.getConfiguration().getBackpropType());
    }

    @Override
    Model model() {
        return network;
    }

    @Override
    INDArray flatGradient() {
        return updater().getFlattenedGradientsView();
    }

    /** What has parameters without being a layer, DL4J does not move. */
    @Override
    boolean isMovable() {
        return Arrays.stream(network.getVertices()).allMatch(vertex -> vertex.hasLayer() || vertex.numParams() == 0);
    }

    @Override
    void move(INDArray gradient) {
        setFlatGradient(ComputationGraph.class, network, gradient);
        network.setBackpropGradientsViewArray(gradient);
    }

    @Override
    @Nullable
    INDArray updaterState() {
        return updater().getStateViewArray();
    }

    private ComputationGraphUpdater updater() {
        return network.getUpdater();
    }

    @Override
    Map<String, Trainable> layers() {
        Map<String, Trainable> layers = new LinkedHashMap<>();
        for (int index : network.topologicalSortOrder()) {
            GraphVertex vertex = network.getVertices()[index];
            if (vertex.numParams() > 0) {
                layers.put(vertex.getVertexName(), vertex.hasLayer() ? vertex.getLayer() : vertex);
            }
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
        if (network.getNumOutputArrays() != 1) {
            throw new IllegalArgumentException(
                    "accuracy is defined for one output, and this graph has " + network.getNumOutputArrays());
        }
        return network.output(
                        false,
                        new INDArray[] {batch.getFeatures()},
                        row(batch.getFeaturesMaskArray()),
                        row(batch.getLabelsMaskArray()))[0];
    }

    private static INDArray @Nullable [] row(@Nullable INDArray array) {
        return array == null ? null : new INDArray[] {array};
    }

    @Override
    int iteration() {
        return network.getConfiguration().getIterationCount();
    }

    @Override
    int epoch() {
        return network.getConfiguration().getEpochCount();
    }

    @Override
    void resume(int iteration, int epoch) {
        network.getConfiguration().setIterationCount(iteration);
        network.getConfiguration().setEpochCount(epoch);
    }

    private final class ExchangingUpdater extends ComputationGraphUpdater {
        private static final long serialVersionUID = 1L;

        ExchangingUpdater(ComputationGraph network, @Nullable INDArray state) {
            super(network, state);
        }

        @Override
        public synchronized void update(
                Gradient gradient, int iteration, int epoch, int batchSize, LayerWorkspaceMgr workspaces) {
            int globalBatch = exchange.sum(GraphReplica.this, batchSize);
            if (globalBatch > 0) {
                super.update(gradient, iteration, epoch, globalBatch, workspaces);
                scaleUpdate();
            }
        }
    }
}
