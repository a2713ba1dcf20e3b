package io.kolo.perf;

import io.kolo.perf.RecoveryBenchmark.Formed;
import io.kolo.perf.RecoveryBenchmark.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The steps that a worker has done, in a file of its own: one that is killed leaves them behind. */
final class StepNotes implements AutoCloseable {
    private static final int STEP_BYTES = 7 * Long.BYTES;

    private final FileChannel file;
    private final ByteBuffer note = ByteBuffer.allocateDirect(STEP_BYTES);

    private StepNotes(FileChannel file) {
        this.file = file;
    }

    /** Makes a file in a folder that all workers write to. */
    static StepNotes create(Path folder) throws IOException {
        return new StepNotes(FileChannel.open(Files.createTempFile(folder, "worker-", ""), StandardOpenOption.WRITE));
    }

    void add(Step step) {
        Formed ring = step.ring();
        note.clear()
                .putLong(step.number())
                .putLong(step.endNs())
                .putLong(ring.number())
                .putLong(ring.ranks())
                .putLong(ring.formedNs())
                .putLong(ring.placedNs())
                .putLong(ring.levelledNs())
                .flip();
        try {
            file.write(note);
        } catch (IOException e) {
            throw new UncheckedIOException("the step is not noted", e);
        }
    }

    /** Returns what a worker has noted, without what it was killed over. */
    static List<Step> read(Path file) throws IOException {
        ByteBuffer notes = ByteBuffer.wrap(Files.readAllBytes(file));
        List<Step> steps = new ArrayList<>();
        while (notes.remaining() >= STEP_BYTES) {
            long number = notes.getLong();
            long endNs = notes.getLong();
            Formed ring = new Formed(
                    (int) notes.getLong(), (int) notes.getLong(), notes.getLong(), notes.getLong(), notes.getLong());
            steps.add(new Step(number, endNs, ring));
        }
        return steps;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
