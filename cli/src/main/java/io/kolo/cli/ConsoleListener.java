package io.kolo.cli;

import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Shows a job: the workers' lines with their rank and node, and how far rank 0 is. */
abstract class ConsoleListener implements JobListener, AutoCloseable {
    private static final int SHOWN_RANK = 0;

    final PrintStream out;

    private volatile long done;

    ConsoleListener(PrintStream out) {
        this.out = out;
    }

    /** Returns a progress bar for a person who watches, and plain lines for a file or a pipe. */
    @SuppressWarnings("SystemConsoleNull") // it is null in JDK 25 where input or output is no terminal
    static ConsoleListener forThisTerminal(String job) {
        return System.console() != null ? new BarListener(System.out, job) : new LinesListener(System.out);
    }

    @Override
    public void onStarted(String headline) {
        print(headline);
    }

    @Override
    public void onLine(int rank, String node, String line) {
        print("[" + rank + " " + node + "] " + line);
    }

    @Override
    public void onNews(String line) {
        print(line);
    }

    @Override
    public void onProgress(Progress progress) {
        if (progress.rank() == SHOWN_RANK) {
            done = progress.done();
            show(progress);
        }
    }

    /** Returns how far rank 0 was when it last said so. */
    long done() {
        return done;
    }

    /** The metrics in a fixed order, as {@code accuracy 0.953 loss 0.1422}. */
    static String metrics(Progress progress) {
        return progress.metrics().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(metric -> String.format(Locale.ROOT, "%s %.4f", metric.getKey(), metric.getValue()))
                .collect(Collectors.joining("  "));
    }

    abstract void print(String line);

    abstract void show(Progress progress);

    /** The job has ended well: what is shown of its progress is complete, and what comes next stands below it. */
    void finish() {}

    @Override
    public void close() {}
}
