package io.kolo.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.core.Jvm;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The generations of a training in a folder: one record a generation, and one successor for each. It is written by one
 * process at a time, but any number may have it open: of two that write the same generation one succeeds, and the other
 * is told. A record outlives the death of its process, in the middle of a write, too; but not that of its machine,
 * since it is not forced to the disk, which would take longer than all else in a recovery (17 to 38 ms). For one
 * thread.
 */
public final class Journal implements AutoCloseable {
    static {
        System.setProperty("chronicle.announcer.disable", "true"); // it writes an advertisement
        System.setProperty("chronicle.disk.monitor.disable", "true"); // a thread that only writes warnings
        Jvm.disablePerfHandler();
    }

    private static final String LOCK = "lock";
    private static final long LOCK_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long LOCK_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int BLOCK_BYTES = 1 << 20;

    private final Path folder;
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final ExcerptTailer tailer;
    private final FileChannel lock;
    private final List<GenerationRecord> records = new ArrayList<>();

    private Journal(Path folder) throws IOException {
        this.folder = folder;
        this.lock = FileChannel.open(
                Files.createDirectories(folder).resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        this.queue = SingleChronicleQueueBuilder.binary(folder)
                .blockSize(BLOCK_BYTES)
                .build();
        this.appender = queue.createAppender();
        this.tailer = queue.createTailer();
    }

    /**
     * Opens a journal, and makes an empty one where there is none.
     *
     * @param folder holds nothing else
     * @throws UncheckedIOException if it can't be written
     */
    public static Journal open(Path folder) {
        try {
            return new Journal(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("the journal in " + folder + " can't be opened: " + e.getMessage(), e);
        }
    }

    /**
     * Returns all records, the first generation first.
     *
     * @throws IllegalStateException if one is damaged, or missing
     */
    public List<GenerationRecord> records() {
        readOn();
        return List.copyOf(records);
    }

    private void readOn() {
        Bytes<?> bytes = Bytes.elasticHeapByteBuffer();
        try {
            while (tailer.readBytes(bytes)) {
                GenerationRecord record = decode(bytes.toByteArray());
                bytes.clear();
                if (record.number() != next()) {
                    throw new IllegalStateException("the journal in " + folder + " has generation " + record.number()
                            + " where " + next() + " should be: it is damaged");
                }
                records.add(record);
            }
        } finally {
            bytes.releaseLast();
        }
    }

    private GenerationRecord decode(byte[] bytes) {
        try {
            return GenerationRecord.decode(bytes);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(
                    "the journal in " + folder + " is damaged: after generation " + records.size() + " comes "
                            + e.getMessage(),
                    e);
        }
    }

    private int next() {
        return records.size() + 1;
    }

    /**
     * Writes a generation, if nobody has written one of that number.
     *
     * @return whether it is in the journal now; false if there is another
     * @throws IllegalStateException if the journal is damaged, or another process does not come to an end of its write
     * @throws IllegalArgumentException if a generation before it is missing
     */
    public boolean append(GenerationRecord next) {
        try {
            FileLock held = lock();
            try {
                return appendLocked(next);
            } finally {
                held.release();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the journal in " + folder + " can't be written: " + e.getMessage(), e);
        }
    }

    private boolean appendLocked(GenerationRecord next) {
        readOn();
        if (next.number() > next()) {
            throw new IllegalArgumentException(
                    "generation " + next.number() + " can't follow " + records.size() + " in " + folder);
        }
        boolean free = next.number() == next();
        if (free) {
            appender.writeBytes(Bytes.wrapForRead(next.encode()));
        }
        return free;
    }

    /** The lock of a process that dies is free at once. */
    private FileLock lock() throws IOException {
        long deadlineNs = System.nanoTime() + LOCK_TIMEOUT_NS;
        FileLock held = tryLock();
        while (held == null) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException("another process has been writing the journal in " + folder + " for "
                        + TimeUnit.NANOSECONDS.toMillis(LOCK_TIMEOUT_NS) + " ms; end it");
            }
            LockSupport.parkNanos(LOCK_PAUSE_NS);
            held = tryLock();
        }
        return held;
    }

    private @Nullable FileLock tryLock() throws IOException {
        try {
            return lock.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // by another journal of this process
        }
    }

    @Override
    public void close() {
        appender.close();
        tailer.close();
        queue.close();
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
