package io.kolo.cli;

import io.kolo.executor.engine.WorkerJvm;
import io.kolo.ray.RayJobs;
import io.kolo.ray.Submission;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** {@code kolo submit}: has {@code kolo run} run on a cluster's head. */
@Command(
        name = "submit",
        description = {
            "Has 'kolo run' run on the head of a Ray cluster, as one of its jobs, and follows what it writes.",
            "What is not listed here is given to 'kolo run' there: see 'kolo run --help'. Jars go along.",
            "The job goes on when this command is ended. The exit code is the job's."
        },
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  kolo submit --address http://10.0.0.1:8265 digits --workers 4",
            "  kolo submit --address http://10.0.0.1:8265 --jar my.jar --class com.acme.Train \\",
            "      --workers 4 -- --epochs 10"
        })
final class SubmitCommand implements Callable<Integer> {
    private static final String SEPARATOR = "--";
    private static final String JAR = "--jar";
    private static final String FILE = "@";

    /** As the script {@code kolo} sets them. */
    private static final List<String> JVM_ARGS = List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1");

    @Mixin
    private final DashboardOption dashboard = new DashboardOption();

    @Option(names = "--submission-id", paramLabel = "ID", description = "The job's name (default: one of Ray's).")
    private @Nullable String id;

    @Option(names = "--no-wait", description = "Submit the job, and end.")
    private boolean noWait;

    @Unmatched
    private List<String> unmatched = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<String> args = withSeparator().stream()
                .map(arg -> arg.startsWith(FILE) ? FILE + arg : arg) // files were read here, and are not read again
                .toList();
        Map<String, Path> jars = new LinkedHashMap<>();
        for (Path jar : RunCommand.check(args)) {
            if (!jar.toFile().exists()) {
                throw new IllegalArgumentException(jar + " is not there");
            }
            jars.put("jars/" + jars.size() + ".jar", jar);
        }
        List<String> runArgs = new ArrayList<>(List.of("run"));
        runArgs.addAll(withJars(args, List.copyOf(jars.keySet())));
        RayJobs cluster = dashboard.jobs();
        List<Path> classPath = WorkerJvm.classPath(List.of());
        Submission submission = new Submission(Main.class.getName(), classPath, JVM_ARGS, runArgs, jars, id);
        String job;
        try (UploadBar bar = new UploadBar()) {
            job = cluster.submit(submission, bar);
        }
        return follow(cluster, job);
    }

    private int follow(RayJobs cluster, String job) {
        PrintWriter out = spec.commandLine().getOut();
        String address = " --address " + dashboard.address();
        if (noWait) {
            out.println(job);
            out.flush();
            return 0;
        }
        out.println("job " + job + "; Ctrl-C ends this view of it, and 'kolo jobs stop " + job + address + "' the job");
        return JobsCommand.follow(cluster, job, out);
    }

    /** The separator is no argument to who reads the command line; what stands behind it is the user's program's. */
    private List<String> withSeparator() {
        List<String> given = spec.commandLine().getParseResult().expandedArgs();
        int at = given.indexOf(SEPARATOR);
        if (at < 0) {
            return unmatched;
        }
        List<String> args = new ArrayList<>(unmatched);
        args.add(unmatched.size() - (given.size() - at - 1), SEPARATOR);
        return args;
    }

    /** Returns the arguments with each jar's name on the cluster in the place of its own. */
    private static List<String> withJars(List<String> args, List<String> names) {
        List<String> replaced = new ArrayList<>(args);
        int next = 0;
        for (int i = 0; next < names.size(); i++) {
            if (args.get(i).equals(JAR)) {
                i++;
                replaced.set(i, names.get(next++));
            } else if (args.get(i).startsWith(JAR + "=")) {
                replaced.set(i, JAR + "=" + names.get(next++));
            }
        }
        return replaced;
    }
}
