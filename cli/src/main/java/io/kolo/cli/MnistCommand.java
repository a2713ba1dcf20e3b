package io.kolo.cli;

import io.kolo.executor.TrainingFunction;
import io.kolo.samples.Mnist;
import io.kolo.samples.SampleOptions;
import io.kolo.samples.Trained;
import picocli.CommandLine.Command;

/** {@code kolo run mnist}. */
@Command(name = "mnist", description = "A convolutional network learns 5,000 MNIST digits of 28 x 28 pixels.")
final class MnistCommand extends SampleCommand {
    private static final int EPOCHS = 5;

    @Override
    int defaultEpochs() {
        return EPOCHS;
    }

    @Override
    TrainingFunction<Trained> function(SampleOptions options) {
        return worker -> Mnist.train(worker, options);
    }
}
