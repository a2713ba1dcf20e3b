package io.kolo.cli;

import io.kolo.elastic.simulation.Campaign;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.stream.LongStream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kolo chaos}. */
@Command(
        name = "chaos",
        description = "Simulates elastic jobs with all that happens to them; checks the invariants at each event.",
        mixinStandardHelpOptions = true,
        footer = {"", "Examples:", "  kolo chaos --simulate --seeds 100000", "  kolo chaos --simulate --replay 4711"})
final class ChaosCommand implements Runnable {
    private static final long SEEDS_AT_ONCE = 100;

    @Option(names = "--simulate", description = "In simulated time, with no worker started.")
    private boolean simulate;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "2000",
            description = "How many jobs, one a seed (default: ${DEFAULT-VALUE}).")
    private long seeds;

    @Option(
            names = "--first",
            paramLabel = "SEED",
            defaultValue = "1",
            description = "The first seed (default: ${DEFAULT-VALUE}).")
    private long first;

    @Option(names = "--replay", paramLabel = "SEED", description = "Prints what happens in the job of this seed.")
    private @Nullable Long replay;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (!simulate) {
            throw new ParameterException(spec.commandLine(), "say --simulate: chaos comes to simulated jobs only");
        }
        if (replay != null) {
            Campaign.trace(replay).forEach(out::println);
        } else if (seeds < 1) {
            throw new ParameterException(spec.commandLine(), "--seeds is " + seeds + ": give 1 or more");
        } else {
            campaign(out);
        }
        out.flush();
    }

    private void campaign(PrintWriter out) {
        Campaign campaign = new Campaign();
        Optional<Campaign.Failure> failure;
        try (ProgressBar bar = new ProgressBarBuilder()
                .setTaskName("chaos")
                .setInitialMax(seeds)
                .setUnit(" seeds", 1)
                .build()) {
            failure = LongStream.range(0, Math.ceilDiv(seeds, SEEDS_AT_ONCE))
                    .parallel()
                    .mapToObj(part -> {
                        long done = part * SEEDS_AT_ONCE;
                        long count = Math.min(SEEDS_AT_ONCE, seeds - done);
                        Campaign own = new Campaign();
                        Campaign.Failure found = own.run(first + done, count);
                        synchronized (campaign) {
                            campaign.add(own);
                        }
                        bar.stepBy(count);
                        return Optional.ofNullable(found);
                    })
                    .flatMap(Optional::stream)
                    .findAny();
        }
        out.println(campaign.coverage());
        failure.ifPresent(found -> {
            out.flush();
            throw new IllegalStateException("seed " + found.seed() + " breaks an invariant: " + found.message()
                    + "\nsee what happens with: kolo chaos --simulate --replay " + found.seed());
        });
        out.println(seeds + " seeds from " + first + ", no violation; the jobs: " + campaign.outcomes());
    }
}
