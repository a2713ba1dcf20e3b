package io.kolo.testkit;

import java.util.SplittableRandom;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Resolves {@code SplittableRandom} parameters and prints their seeds. */
final class SeedExtension implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getParameter().getType() == SplittableRandom.class;
    }

    @Override
    public SplittableRandom resolveParameter(ParameterContext parameter, ExtensionContext test) {
        Long asked = Long.getLong("kolo.seed");
        long seed = asked != null ? asked : System.nanoTime();
        System.out.println(test.getRequiredTestClass().getSimpleName() + "." + test.getDisplayName() + " seed " + seed
                + " (-Dkolo.seed=" + seed + " repeats it)");
        return new SplittableRandom(seed);
    }
}
