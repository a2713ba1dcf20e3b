package io.kolo.cli;

import io.kolo.executor.Progress;
import java.io.PrintStream;
import java.util.Locale;

/** Plain lines: one for each tenth of the work. */
final class LinesListener extends ConsoleListener {
    private static final int LINES = 10;

    private long startNs;
    private long doneAtStart;
    private long linesShown = -1;

    LinesListener(PrintStream out) {
        super(out);
    }

    @Override
    synchronized void print(String line) {
        out.println(line);
    }

    @Override
    synchronized void show(Progress progress) {
        if (linesShown < 0) {
            startNs = System.nanoTime();
            doneAtStart = progress.done();
            linesShown = 0;
            return; // from here on there is a rate
        }
        long due = progress.done() * LINES / Math.max(1, progress.total());
        if (due > linesShown) {
            linesShown = due;
            double seconds = (System.nanoTime() - startNs) / 1e9;
            double rate = (progress.done() - doneAtStart) / seconds;
            out.printf(
                    Locale.ROOT,
                    "%3d %%  %s  %,.0f samples/s  %.0f s left%n",
                    100 * progress.done() / Math.max(1, progress.total()),
                    metrics(progress),
                    rate,
                    (progress.total() - progress.done()) / rate);
        }
    }
}
