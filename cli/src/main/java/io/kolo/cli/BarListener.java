package io.kolo.cli;

import io.kolo.executor.Progress;
import java.io.PrintStream;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar that stays at the bottom while the workers' lines scroll by. */
final class BarListener extends ConsoleListener {
    private static final String CLEAR_LINE = "\r\u001b[2K";
    private static final int UPDATE_INTERVAL_MS = 100;

    private final String job;
    private volatile @Nullable ProgressBar bar;
    private boolean closed;
    private String shown = "";

    BarListener(PrintStream out, String job) {
        super(out);
        this.job = job;
    }

    @Override
    synchronized void print(String line) {
        out.print(shown.isEmpty() ? line + "\n" : CLEAR_LINE + line + "\n" + shown);
        out.flush();
    }

    private synchronized void draw(String barLine) {
        shown = barLine;
        out.print(CLEAR_LINE + barLine);
        out.flush();
    }

    @Override
    synchronized void show(Progress progress) {
        if (closed) {
            return; // a late report must not draw over what stands below the bar
        }
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setTaskName(job)
                    .setInitialMax(progress.total())
                    .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                    .setUnit(" samples", 1)
                    .showSpeed()
                    .setUpdateIntervalMillis(UPDATE_INTERVAL_MS)
                    .setConsumer(new DelegatingProgressBarConsumer(this::draw))
                    .build();
        }
        bar.setExtraMessage("  " + metrics(progress));
        bar.stepTo(progress.done());
    }

    @Override
    void finish() {
        ProgressBar shownBar = bar;
        if (shownBar != null) {
            shownBar.stepTo(shownBar.getMax());
        }
        close();
    }

    /** The bar is closed outside the lock: its own thread draws the last state, and takes the lock for it. */
    @Override
    public void close() {
        ProgressBar ending;
        synchronized (this) {
            closed = true;
            ending = bar;
            bar = null;
        }
        if (ending != null) {
            ending.close();
            synchronized (this) {
                shown = "";
                out.println();
            }
        }
    }
}
