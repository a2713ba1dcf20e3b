package io.kolo.executor;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a job was: what ran where, for how long, and how it ended.
 *
 * @param engine where
 * @param versions of Kolo and Java
 * @param started ISO 8601
 * @param seconds from start to close
 * @param start how long each phase of the start took
 * @param workers by rank
 * @param runs in their order
 */
record JobSummary(
        String engine,
        String versions,
        String started,
        double seconds,
        List<Phase> start,
        List<WorkerSummary> workers,
        List<Run> runs) {
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    /** A part of the start. */
    record Phase(String name, double seconds) {}

    /**
     * A worker's place and end.
     *
     * @param exitCode null if it did not end
     */
    record WorkerSummary(
            int rank,
            String node,
            int bundle,
            List<Integer> gpus,
            String process,
            @Nullable Integer exitCode,
            String exit) {}

    /** What was run on {@code ranks} ranks, and whether it returned. */
    record Run(int number, String what, int ranks, double seconds, String end) {}

    String json() {
        return GSON.toJson(this) + "\n";
    }

    String text() {
        StringBuilder text = new StringBuilder();
        Formatter lines = new Formatter(text, Locale.ROOT);
        lines.format("%s, %s, started %s, %.1f s%n", engine, versions, started, seconds);
        start.forEach(phase -> lines.format("  %-10s %8.3f s%n", phase.name, phase.seconds));
        for (WorkerSummary worker : workers) {
            String gpus = worker.gpus.isEmpty() ? "" : ", GPUs " + worker.gpus;
            lines.format("rank %d on %s (%s%s) %s%n", worker.rank, worker.node, worker.process, gpus, worker.exit);
        }
        runs.forEach(run -> lines.format(
                "run %d of %s on %d ranks, %.3f s: %s%n", run.number, run.what, run.ranks, run.seconds, run.end));
        return text.toString();
    }
}
