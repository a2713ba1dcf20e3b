package io.kolo.systemtests;

import io.kolo.executor.RayExecutor;
import io.kolo.executor.RayExecutorBuilder;

class LocalEngineSystemTest extends EngineContract {
    @Override
    RayExecutorBuilder onTwoNodes() {
        return RayExecutor.builder().address("local").nodes("2x{cpu:4,gpu:2}").jvmArg(Runs.QUICK_START);
    }

    @Override
    String secondNode() {
        return "node-2";
    }
}
