package io.kolo.perf;

import com.google.gson.GsonBuilder;
import java.util.Locale;

/** A benchmark's figures as a table to read, and as CSV and JSON for programs. */
public final class Report {
    private static final String HEADER =
            "       bytes  operations      min us   median us      p99 us  algbw GB/s  busbw GB/s"
                    + "  of a+=b  wrong  busbw";
    private static final int BAR_WIDTH = 40;

    private Report() {}

    /** Returns a table, its columns those of nccl-tests, with bars for the bus bandwidth. */
    public static String table(AllReduceBenchmark.Result result) {
        StringBuilder table = new StringBuilder(String.format(
                "all-reduce, F32 SUM, %d ranks, %s, %s buffers%n%s%n",
                result.ranks(), result.plan(), result.memory().toLowerCase(Locale.ROOT), HEADER));
        double best = result.rows().stream()
                .mapToDouble(AllReduceBenchmark.Row::busbwGBs)
                .max()
                .orElse(1);
        for (AllReduceBenchmark.Row row : result.rows()) {
            int bar = (int) Math.round(BAR_WIDTH * row.busbwGBs() / Math.max(best, Double.MIN_NORMAL));
            table.append(figures(row, "%12d%12d%12.2f%12.2f%12.2f%12.2f%12.2f"))
                    .append(String.format(
                            Locale.ROOT,
                            "%8.0f%%%7d  %s%n",
                            100 * row.shareOfAdding(result.ranks()),
                            row.wrong(),
                            "█".repeat(bar)));
        }
        return table.toString();
    }

    /** Returns a line a size, after a line with the names of the columns. */
    public static String csv(AllReduceBenchmark.Result result) {
        StringBuilder csv = new StringBuilder(
                "ranks,memory,bytes,operations,min_us,median_us,p99_us,algbw_gb_s,busbw_gb_s,add_us,wrong\n");
        for (AllReduceBenchmark.Row row : result.rows()) {
            csv.append(result.ranks() + "," + result.memory() + ",")
                    .append(figures(row, "%d,%d,%.3f,%.3f,%.3f,%.3f,%.3f"))
                    .append(String.format(Locale.ROOT, ",%.3f,%d%n", row.addUs(), row.wrong()));
        }
        return csv.toString();
    }

    private static String figures(AllReduceBenchmark.Row row, String format) {
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
    public static String json(AllReduceBenchmark.Result result) {
        return new GsonBuilder().setPrettyPrinting().create().toJson(result) + "\n";
    }
}
