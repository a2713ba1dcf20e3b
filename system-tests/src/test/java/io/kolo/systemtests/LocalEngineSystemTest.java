package io.kolo.systemtests;

import io.kolo.executor.RayExecutorBuilder;

class LocalEngineSystemTest extends EngineContract {
    @Override
    RayExecutorBuilder onTwoNodes() {
        return Runs.quickStart().address("local").nodes("2x{cpu:4,gpu:2}");
    }

    @Override
    String secondNode() {
        return "node-2";
    }
}
