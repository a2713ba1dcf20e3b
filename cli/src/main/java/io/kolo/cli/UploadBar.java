package io.kolo.cli;

import io.kolo.ray.RayJobs.UploadListener;
import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows an upload: a bar to a person who watches, and else one line. */
final class UploadBar implements UploadListener, AutoCloseable {
    private static final int UPDATE_INTERVAL_MS = 100;
    private static final int MIB = 1 << 20;

    private final PrintStream out = System.err; // what is printed can be read by programs
    private @Nullable ProgressBar bar;
    private boolean told;

    @Override
    @SuppressWarnings("SystemConsoleNull") // it is null in JDK 25 where input or output is no terminal
    public void onUpload(long done, long total) {
        if (!told) {
            told = true;
            if (System.console() == null) {
                out.printf(Locale.ROOT, "uploading what is not there yet of %.1f MiB%n", (double) total / MIB);
            } else {
                bar = new ProgressBarBuilder()
                        .setTaskName("upload")
                        .setInitialMax(total)
                        .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                        .setUnit(" MiB", MIB)
                        .showSpeed()
                        .setUpdateIntervalMillis(UPDATE_INTERVAL_MS)
                        .setConsumer(new ConsoleProgressBarConsumer(out))
                        .build();
            }
        }
        if (bar != null) {
            bar.stepTo(done);
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
