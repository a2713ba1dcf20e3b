package io.kolo.cli;

import io.kolo.ray.RayJobs;
import io.kolo.ray.RayJobs.Job;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kolo jobs}: the jobs that were submitted to a cluster. */
@Command(
        name = "jobs",
        description = "Shows and ends the jobs that were submitted to a Ray cluster.",
        mixinStandardHelpOptions = true,
        subcommands = {JobsCommand.ListCommand.class, JobsCommand.LogsCommand.class, JobsCommand.StopCommand.class})
final class JobsCommand implements Runnable {
    private static final int FAILED = 1;
    private static final Duration STOP_TIMEOUT = Duration.ofMinutes(1);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to do: list, logs, stop");
    }

    /** Shows what a job writes until its end; returns its exit code. */
    static int follow(RayJobs cluster, String id, PrintWriter out) {
        out.flush();
        Job job = cluster.follow(id, text -> {
            out.print(text);
            out.flush();
        });
        if (job.status() == RayJobs.Status.SUCCEEDED) {
            return 0;
        }
        out.println("job " + id + " has " + job.status() + (job.message().isBlank() ? "" : ": " + reason(job)));
        out.flush();
        Integer code = job.exitCode();
        return code == null || code <= 0 ? FAILED : code;
    }

    /** Without the job's last lines, which have been shown. */
    private static String reason(Job job) {
        String first = job.message().strip().lines().findFirst().orElse("");
        return first.replaceFirst(", last available logs.*", "");
    }

    /** What is asked about one job. */
    abstract static class JobCommand {
        @Mixin
        final DashboardOption dashboard = new DashboardOption();

        @Parameters(paramLabel = "ID", description = "The job.")
        @SuppressWarnings("NullAway.Init") // set by picocli
        String id;

        @Spec
        @SuppressWarnings("NullAway.Init") // set by picocli
        CommandSpec spec;
    }

    /** {@code kolo jobs list}. */
    @Command(name = "list", description = "Lists them, the last one last.", mixinStandardHelpOptions = true)
    static final class ListCommand implements Runnable {
        @Mixin
        private final DashboardOption dashboard = new DashboardOption();

        @Spec
        @SuppressWarnings("NullAway.Init") // set by picocli
        private CommandSpec spec;

        @Override
        public void run() {
            PrintWriter out = spec.commandLine().getOut();
            List<Job> jobs = dashboard.jobs().list();
            int width = jobs.stream().mapToInt(job -> job.id().length()).max().orElse(0);
            for (Job job : jobs) {
                Instant end = job.ended() == null ? Instant.now() : job.ended();
                out.printf(
                        "%-" + width + "s  %-9s  %s  %7s  %s%n",
                        job.id(),
                        job.status(),
                        TIME.format(job.started().atZone(ZoneId.systemDefault())),
                        ChronoUnit.SECONDS.between(job.started(), end) + " s",
                        job.command());
            }
            out.flush();
        }
    }

    /** {@code kolo jobs logs}. */
    @Command(name = "logs", description = "Prints what a job has written.", mixinStandardHelpOptions = true)
    static final class LogsCommand extends JobCommand implements Callable<Integer> {
        @Option(
                names = {"-f", "--follow"},
                description = "Go on until the job ends; the exit code is the job's then.")
        private boolean follow;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            RayJobs cluster = dashboard.jobs();
            cluster.get(id);
            if (follow) {
                return JobsCommand.follow(cluster, id, out);
            }
            out.print(cluster.logs(id));
            out.flush();
            return 0;
        }
    }

    /** {@code kolo jobs stop}. */
    @Command(name = "stop", description = "Ends a job, and waits until it has.", mixinStandardHelpOptions = true)
    static final class StopCommand extends JobCommand implements Runnable {
        @Override
        public void run() {
            RayJobs cluster = dashboard.jobs();
            boolean wasRunning = cluster.stop(id);
            Job job = cluster.await(id, STOP_TIMEOUT);
            spec.commandLine()
                    .getOut()
                    .println("job " + id + (wasRunning ? " is " : " was ended before: ") + job.status());
            spec.commandLine().getOut().flush();
        }
    }
}
