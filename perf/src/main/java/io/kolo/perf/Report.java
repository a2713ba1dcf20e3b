package io.kolo.perf;

import com.google.gson.GsonBuilder;
import java.util.Locale;

/** A benchmark's figures as a table to read, and as CSV and JSON for programs. */
public final class Report {
    private static final String HEADER =
            "       bytes  operations      min us   median us      p99 us  algbw GB/s  busbw GB/s  wrong";

    private Report() {}

    /** Returns a table, its columns those of nccl-tests. */
    public static String table(AllReduceBenchmark.Result result) {
        String head = String.format(
                "all-reduce, F32 SUM, %d ranks, %s, %s buffers%n%s%n",
                result.ranks(), result.plan(), result.memory().toLowerCase(Locale.ROOT), HEADER);
        return head + rows(result, "%12d%12d%12.2f%12.2f%12.2f%12.2f%12.2f%7d%n");
    }

    /** Returns a line a size, after a line with the names of the columns. */
    public static String csv(AllReduceBenchmark.Result result) {
        String head = "ranks,memory,bytes,operations,min_us,median_us,p99_us,algbw_gb_s,busbw_gb_s,wrong\n";
        return head + rows(result, result.ranks() + "," + result.memory() + ",%d,%d,%.3f,%.3f,%.3f,%.3f,%.3f,%d%n");
    }

    private static String rows(AllReduceBenchmark.Result result, String format) {
        StringBuilder rows = new StringBuilder();
        for (AllReduceBenchmark.Row row : result.rows()) {
            rows.append(String.format(
                    Locale.ROOT,
                    format,
                    row.bytes(),
                    row.operations(),
                    row.minUs(),
                    row.medianUs(),
                    row.p99Us(),
                    row.algbwGBs(),
                    row.busbwGBs(),
                    row.wrong()));
        }
        return rows.toString();
    }

    /** Returns the result as it is. */
    public static String json(AllReduceBenchmark.Result result) {
        return new GsonBuilder().setPrettyPrinting().create().toJson(result) + "\n";
    }
}
