package io.kolo.ray;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.kolo.ray.node.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** The jobs that were submitted to a Ray cluster, by the REST interface of its dashboard. */
public final class RayJobs {
    private static final String JOBS = "api/jobs/";
    private static final String PACKAGES = "api/packages/";
    private static final long TURN_MS = 1000;
    private static final long REST_MS = 5000;
    private static final long OUTAGE_NS = TimeUnit.SECONDS.toNanos(60);

    private final Dashboard dashboard;

    /** How far a job is; the names are Ray's. */
    public enum Status {
        PENDING,
        RUNNING,
        STOPPED,
        SUCCEEDED,
        FAILED;

        /** Returns whether nothing comes after it. */
        public boolean isEnd() {
            return this != PENDING && this != RUNNING;
        }
    }

    /**
     * A job.
     *
     * @param command what Ray runs
     * @param started when it was submitted
     * @param ended when it had ended, or null
     * @param exitCode of the command, or null where there is none
     * @param message what Ray says about it
     */
    public record Job(
            String id,
            Status status,
            String command,
            Instant started,
            @Nullable Instant ended,
            @Nullable Integer exitCode,
            String message) {}

    /** Hears how far an upload is, in bytes. */
    public interface UploadListener {
        /** Some more bytes are under way, or were there already. */
        void onUpload(long done, long total);
    }

    /**
     * Names a cluster.
     *
     * @param address of its dashboard, such as {@code http://10.0.0.1:8265}
     * @throws IllegalArgumentException if it is no such address
     */
    public RayJobs(String address) {
        this.dashboard = new Dashboard(address);
    }

    /**
     * Submits a job. What it consists of is brought to the cluster, unless it is there.
     *
     * @return its name
     * @throws IllegalArgumentException if no dashboard answers, or wants a token
     * @throws IllegalStateException if it refuses the job
     */
    public String submit(Submission submission, UploadListener listener) {
        if (!dashboard.has("api/version")) { // before anything is packed
            throw new IllegalStateException(dashboard + " takes no jobs");
        }
        Path folder = folder();
        try {
            Submission.Packed packed = submission.pack(folder);
            JsonArray jars = upload(packed.jars(), listener);
            byte[] folderZip = packed.workingFolder().toByteArray();
            String workingFolder = JarPackage.uri(Digests.of(folderZip));
            dashboard.put(PACKAGES + path(workingFolder), folderZip, sent -> {});
            JsonObject environment = new JsonObject();
            environment.addProperty("working_dir", workingFolder);
            environment.add("py_modules", jars);
            JsonObject request = new JsonObject();
            request.addProperty("entrypoint", submission.entrypoint());
            request.add("runtime_env", environment);
            if (submission.id() != null) {
                request.addProperty("submission_id", submission.id());
            }
            return dashboard
                    .post(JOBS, request)
                    .orElseThrow()
                    .getAsJsonObject()
                    .get("submission_id")
                    .getAsString();
        } finally {
            delete(folder);
        }
    }

    private static Path folder() {
        try {
            return Files.createTempDirectory("kolo-submit");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        try {
            Folders.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns where they are. */
    private JsonArray upload(List<JarPackage> packages, UploadListener listener) {
        long total = packages.stream().mapToLong(JarPackage::length).sum();
        long before = 0;
        for (JarPackage each : packages) {
            listener.onUpload(before, total);
            long[] sent = {before};
            bring(each, more -> {
                sent[0] += more;
                listener.onUpload(Math.min(sent[0], total), total);
            });
            before += each.length();
        }
        listener.onUpload(total, total);
        JsonArray uris = new JsonArray();
        for (JarPackage each : packages) {
            bring(each, more -> {}); // Ray keeps what no job has for ten minutes: the first ones may be gone
            uris.add(each.uri());
        }
        return uris;
    }

    private void bring(JarPackage jars, LongConsumer sent) {
        String path = PACKAGES + path(jars.uri());
        if (!dashboard.has(path)) {
            dashboard.put(path, jars.zip(), sent);
        }
    }

    /** {@code gcs://NAME} is {@code gcs/NAME} to the REST interface. */
    private static String path(String uri) {
        return uri.replace("://", "/");
    }

    private static String path(String job, String what) {
        return JOBS + URLEncoder.encode(job, StandardCharsets.UTF_8) + what;
    }

    /** Returns all jobs that the cluster knows of, the last one last. */
    public List<Job> list() {
        JsonElement jobs = dashboard.get(JOBS).orElseGet(JsonArray::new);
        return StreamSupport.stream(jobs.getAsJsonArray().spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                .filter(job -> job.get("type").getAsString().equals("SUBMISSION"))
                .map(RayJobs::job)
                .sorted(Comparator.comparing(Job::started))
                .toList();
    }

    /**
     * Returns a job.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public Job get(String id) {
        return dashboard
                .get(path(id, ""))
                .map(JsonElement::getAsJsonObject)
                .filter(job -> field(job, "submission_id").isPresent()) // a driver's job has none
                .map(RayJobs::job)
                .orElseThrow(() -> unknown(id));
    }

    private IllegalArgumentException unknown(String id) {
        return new IllegalArgumentException("there is no job " + id + " on " + dashboard + ": kolo jobs list has them");
    }

    private static Job job(JsonObject json) {
        return new Job(
                json.get("submission_id").getAsString(),
                Status.valueOf(json.get("status").getAsString()),
                json.get("entrypoint").getAsString(),
                field(json, "start_time")
                        .map(time -> Instant.ofEpochMilli(time.getAsLong()))
                        .orElse(Instant.EPOCH),
                field(json, "end_time")
                        .map(time -> Instant.ofEpochMilli(time.getAsLong()))
                        .orElse(null),
                field(json, "driver_exit_code").map(JsonPrimitive::getAsInt).orElse(null),
                field(json, "message").map(JsonPrimitive::getAsString).orElse(""));
    }

    private static Optional<JsonPrimitive> field(JsonObject json, String name) {
        JsonElement value = json.get(name);
        return value == null || value.isJsonNull() ? Optional.empty() : Optional.of(value.getAsJsonPrimitive());
    }

    /** Returns what a job has written so far. */
    public String logs(String id) {
        return dashboard
                .get(path(id, "/logs"))
                .orElseThrow(() -> unknown(id))
                .getAsJsonObject()
                .get("logs")
                .getAsString();
    }

    /**
     * Has a job end: its driver gets SIGTERM, and takes its workers along.
     *
     * @return whether it was running
     */
    public boolean stop(String id) {
        return dashboard
                .post(path(id, "/stop"), new JsonObject())
                .orElseThrow(() -> unknown(id))
                .getAsJsonObject()
                .get("stopped")
                .getAsBoolean();
    }

    /**
     * Waits for a job's end.
     *
     * @throws IllegalStateException if it does not come in time
     */
    public Job await(String id, Duration timeout) {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        Job job = get(id);
        while (!job.status().isEnd()) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException(
                        "waited " + timeout.toSeconds() + " s for job " + id + " to end: it is " + job.status());
            }
            pause();
            job = get(id);
        }
        return job;
    }

    /**
     * Hears what a job writes until it ends. A dashboard that does not answer is waited for, for a minute.
     *
     * @param out gets the text as it comes, not in lines
     */
    public Job follow(String id, Consumer<String> out) {
        Log log = new Log(id, out);
        long answeredNs = System.nanoTime();
        while (true) {
            log.listen();
            pause();
            try {
                Job job = get(id);
                answeredNs = System.nanoTime();
                if (job.status().isEnd()) {
                    log.finish();
                    return job;
                }
            } catch (IllegalArgumentException | IllegalStateException e) {
                if (System.nanoTime() - answeredNs > OUTAGE_NS) {
                    throw new IllegalStateException(e.getMessage() + "; job " + id + " may well go on", e);
                }
            }
        }
    }

    /** What has been heard of a log, which the server tells from its beginning each time. */
    private final class Log {
        private final String id;
        private final Consumer<String> out;
        private CompletableFuture<Void> tail = CompletableFuture.failedFuture(new IllegalStateException("not begun"));
        private long heard;
        private long toSkip;

        Log(String id, Consumer<String> out) {
            this.id = id;
            this.out = out;
        }

        /** Listens, unless it does or has heard all. */
        synchronized void listen() {
            if (tail.isCompletedExceptionally()) {
                toSkip = heard;
                tail = dashboard.listen(path(id, "/logs/tail"), this::hear);
            }
        }

        private synchronized void hear(String text) {
            int skipped = (int) Math.min(toSkip, text.length());
            toSkip -= skipped;
            heard += text.length() - skipped;
            out.accept(text.substring(skipped));
        }

        /** Waits for the rest; a line that is broken, or dead, is not waited for. */
        void finish() {
            try {
                tail.get(REST_MS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException e) {
                String all = logs(id);
                synchronized (this) {
                    toSkip = Long.MAX_VALUE; // whatever still comes has been told
                    out.accept(all.substring((int) Math.min(heard, all.length())));
                }
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(TURN_MS); // how often a server is asked
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("the thread that waits for a job was interrupted", e);
    }
}
