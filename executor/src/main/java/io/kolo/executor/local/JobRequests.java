package io.kolo.executor.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What other processes of the same user ask of a running job: files in its folder, which they alone can enter. A
 * request is one line, and so is its answer.
 */
public final class JobRequests {
    /** Begins the answer to what can't be done. */
    public static final String REFUSED = "no: ";

    static final String FOLDER = "requests";
    private static final String ASKED = ".request";
    private static final String ANSWERED = ".answer";
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path folder;

    /** Those of a job. */
    public JobRequests(Path jobFolder) {
        this.folder = jobFolder.resolve(FOLDER);
    }

    /**
     * A request.
     *
     * @param file where it is
     * @param line what is asked
     */
    public record Request(Path file, String line) {}

    /** Takes what has been asked since the last time. */
    public List<Request> take() {
        List<Request> requests = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + ASKED)) {
            for (Path file : files) {
                requests.add(new Request(file, Files.readString(file).strip()));
                Files.delete(file);
            }
        } catch (NoSuchFileException e) {
            return List.of(); // nobody has ever asked
        } catch (IOException e) {
            throw new UncheckedIOException("requests to the job can't be read", e);
        }
        return requests;
    }

    /** Answers a request, once. */
    public void answer(Request request, String line) {
        String name = String.valueOf(request.file.getFileName());
        try {
            write(request.file.resolveSibling(name.replace(ASKED, ANSWERED)), line);
        } catch (IOException e) {
            System.getLogger(JobRequests.class.getName())
                    .log(System.Logger.Level.WARNING, "nobody hears that " + line, e);
        }
    }

    /**
     * Asks a job for something, and waits for its answer.
     *
     * @throws IllegalArgumentException if it refuses
     * @throws IllegalStateException if it does not answer in time
     */
    public String ask(String line, Duration timeout) {
        String name = UUID.randomUUID().toString();
        Path answer = folder.resolve(name + ANSWERED);
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        try {
            Files.createDirectories(folder);
            Path request = folder.resolve(name + ASKED);
            write(request, line);
            while (!Files.exists(answer)) {
                if (System.nanoTime() - deadlineNs > 0) {
                    boolean unheard = Files.deleteIfExists(request);
                    throw new IllegalStateException("the job " + (unheard ? "does not hear" : "has heard, and not done")
                            + " within " + timeout.toMillis() + " ms: " + line);
                }
                LockSupport.parkNanos(POLL_NS);
            }
            String said = Files.readString(answer);
            Files.delete(answer);
            if (said.startsWith(REFUSED)) {
                throw new IllegalArgumentException(said.substring(REFUSED.length()));
            }
            return said;
        } catch (IOException e) {
            throw new UncheckedIOException("the job has ended meanwhile", e);
        }
    }

    private static void write(Path file, String line) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
        Files.writeString(unfinished, line);
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
