package io.kolo.perf;

import com.google.gson.GsonBuilder;
import io.kolo.perf.CollectiveBenchmark.Collective;
import java.util.Locale;

/** A benchmark's figures as a table to read, and as CSV and JSON for programs. */
public final class Report {
    private static final String HEADER =
            "       bytes  operations      min us   median us      p99 us  algbw GB/s  busbw GB/s"
                    + "  of a+=b  wrong  busbw";
    private static final int BAR_WIDTH = 40;

    private Report() {}

    /** Returns a table, its columns those of nccl-tests, with bars for the bus bandwidth. */
    public static String table(CollectiveBenchmark.Result result) {
        StringBuilder table = new StringBuilder(String.format(
                "%s, %d ranks, %s, %s buffers%n%s%n",
                result.collective() == Collective.ALL_REDUCE ? "all-reduce, F32 SUM" : "all-to-all, F32",
                result.ranks(),
                result.plan(),
                result.memory().toLowerCase(Locale.ROOT),
                HEADER));
        double best = result.rows().stream()
                .mapToDouble(CollectiveBenchmark.Row::busbwGBs)
                .max()
                .orElse(1);
        for (CollectiveBenchmark.Row row : result.rows()) {
            int bar = (int) Math.round(BAR_WIDTH * row.busbwGBs() / Math.max(best, Double.MIN_NORMAL));
            table.append(figures(row, "%12d%12d%12.2f%12.2f%12.2f%12.2f%12.2f"))
                    .append(String.format(
                            Locale.ROOT,
                            "%9s%7d  %s%n",
                            row.addUs() == 0 ? "-" : Math.round(100 * row.shareOfAdding()) + "%",
                            row.wrong(),
                            "█".repeat(bar)));
        }
        return table.toString();
    }

    /** Returns a line a size, after a line with the names of the columns. */
    public static String csv(CollectiveBenchmark.Result result) {
        StringBuilder csv = new StringBuilder(
                "ranks,memory,bytes,operations,min_us,median_us,p99_us,algbw_gb_s,busbw_gb_s,add_us,wrong,"
                        + "collective\n");
        for (CollectiveBenchmark.Row row : result.rows()) {
            csv.append(result.ranks() + "," + result.memory() + ",")
                    .append(figures(row, "%d,%d,%.3f,%.3f,%.3f,%.3f,%.3f"))
                    .append(String.format(Locale.ROOT, ",%.3f,%d,%s%n", row.addUs(), row.wrong(), result.collective()));
        }
        return csv.toString();
    }

    private static String figures(CollectiveBenchmark.Row row, String format) {
        return String.format(
                Locale.ROOT,
                format,
                row.bytes(),
                row.operations(),
                row.minUs(),
                row.medianUs(),
                row.p99Us(),
                row.algbwGBs(),
                row.busbwGBs());
    }

    /** Returns the result as it is. */
    public static String json(CollectiveBenchmark.Result result) {
        return new GsonBuilder().setPrettyPrinting().create().toJson(result) + "\n";
    }
}
