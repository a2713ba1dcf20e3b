package io.kolo.executor;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.kolo.executor.control.proto.Handover;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** A job's folder on disk: each worker's output, and at the end the summary. Readable by its user alone. */
final class JobLogs implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(JobLogs.class.getName());
    private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-");
    private static final FileAttribute<?> FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<?> FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path folder;
    private final Map<Integer, BufferedWriter> outputs = new TreeMap<>();
    private boolean failed;

    private JobLogs(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes a new folder within {@code parent}, named for the time.
     *
     * @throws UncheckedIOException if it can't be written
     */
    static JobLogs create(Path parent, int workers) {
        try {
            Files.createDirectories(parent);
            JobLogs logs = new JobLogs(Files.createTempDirectory(
                    parent, LocalDateTime.now(ZoneId.systemDefault()).format(NAME), FOLDER));
            for (int rank = 0; rank < workers; rank++) {
                logs.open(rank);
            }
            return logs;
        } catch (IOException e) {
            throw new UncheckedIOException("no logs can be written to " + parent + ": " + e, e);
        }
    }

    /**
     * Makes a folder as {@link #create} does, or goes on with that of the driver before this one.
     *
     * @param before what that one has left
     */
    static JobLogs open(JobSettings settings, Optional<Handover> before) {
        return before.map(known -> new JobLogs(Path.of(known.getLogs())))
                .orElseGet(() -> create(Objects.requireNonNull(settings.logFolder()), settings.workers()));
    }

    private BufferedWriter open(int rank) throws IOException {
        Path file = folder.resolve("rank-" + rank + ".log");
        if (!Files.exists(file)) {
            Files.createFile(file, FILE);
        }
        BufferedWriter output = Files.newBufferedWriter(file, UTF_8, StandardOpenOption.APPEND);
        outputs.put(rank, output);
        return output;
    }

    Path folder() {
        return folder;
    }

    /** Writes a line through to the disk: the most interesting one is the last before a crash. */
    synchronized void line(int rank, String line) {
        try {
            BufferedWriter known = outputs.get(rank);
            BufferedWriter output = known == null ? open(rank) : known; // a worker that came later
            output.write(line);
            output.newLine();
            output.flush();
        } catch (IOException e) {
            failed(e);
        }
    }

    /** A full disk is no reason to end a training. */
    private void failed(IOException e) {
        if (!failed) {
            failed = true;
            LOG.log(System.Logger.Level.WARNING, "the logs in {0} are not complete: {1}", folder, e);
        }
    }

    synchronized void write(JobSummary summary) {
        try {
            Files.writeString(Files.createFile(folder.resolve("summary.json"), FILE), summary.json());
            Files.writeString(Files.createFile(folder.resolve("summary.txt"), FILE), summary.text());
        } catch (IOException e) {
            failed(e);
        }
    }

    @Override
    public synchronized void close() {
        for (BufferedWriter output : outputs.values()) {
            try {
                output.close();
            } catch (IOException e) {
                failed(e);
            }
        }
    }
}
