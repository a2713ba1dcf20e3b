package io.kolo.cli;

import io.kolo.executor.TrainingFunction;
import io.kolo.samples.Digits;
import io.kolo.samples.SampleOptions;
import io.kolo.samples.Trained;
import picocli.CommandLine.Command;

/** {@code kolo run digits}. */
@Command(name = "digits", description = "A perceptron learns 1,797 handwritten digits of 8 x 8 pixels.")
final class DigitsCommand extends SampleCommand {
    private static final int EPOCHS = 20;

    @Override
    int defaultEpochs() {
        return EPOCHS;
    }

    @Override
    TrainingFunction<Trained> function(SampleOptions options) {
        return worker -> Digits.train(worker, options);
    }
}
