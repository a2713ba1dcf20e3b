package io.kolo.cli;

import io.kolo.executor.JobFailedException;
import io.kolo.executor.WorkerFailedException;
import java.io.PrintWriter;

/** How the end of a job is told: first who failed and why, then what the others saw. */
final class JobErrors {
    private JobErrors() {}

    static void print(JobFailedException failed, PrintWriter err) {
        err.println("kolo: " + failed.getMessage());
        if (failed instanceof WorkerFailedException thrown) {
            err.println("on rank " + failed.rank() + ":");
            thrown.remote().printStackTrace(err);
        }
        for (Throwable other : failed.getSuppressed()) {
            err.println("also: " + other.getMessage());
        }
        err.flush();
    }
}
