package io.kolo.allreduce;

import io.kolo.kernels.Kernels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where the ranks of one host meet that have not exchanged a word yet: in a memory whose name and proof follow from
 * their generation's key, which nobody else knows. Rank 0 makes it. Whoever comes is counted in it, and the last one
 * closes the meeting; or the first one that has waited for too long calls it off. One word says which, so that all that
 * come to it go on the same way.
 */
public final class HostMeeting {
    private static final System.Logger LOG = System.getLogger(HostMeeting.class.getName());

    /** In the memory's first page, behind the proof and a group's word for an abort. */
    private static final int ARRIVED = 512;

    private static final int OUTCOME = 640;
    private static final long OPEN = 0;
    private static final long COMPLETE = 1;
    private static final long CALLED_OFF = 2;
    private static final long POLL_NS = TimeUnit.MICROSECONDS.toNanos(50);

    private final Ring ring;
    private final Path folder;
    private final long length;
    private final long name;
    private final long proof;

    private HostMeeting(Ring ring, Path folder, long length) {
        this.ring = ring;
        this.folder = folder;
        this.length = length;
        ByteBuffer digest = Ring.digest(ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                .putLong(ring.key())
                .putInt(ring.generation()));
        this.name = digest.getLong();
        this.proof = digest.getLong();
    }

    /**
     * Creates the communicator of one rank where all are on one host: they meet in its memory, and need no line between
     * them. All of them call it.
     *
     * @param lines closed with the communicator; for what can't be done in memory after all
     * @param timeout how long an operation may go without any progress before it fails, and how long to wait here
     * @param parts this rank's, with the folder in which they meet
     * @param abandoned tells, time and again, whether to give up
     * @return null on all ranks if they don't see the same folder, there is no room in it, or one of them gave up: the
     *     reason is in the log, and the lines are still there
     */
    public static @Nullable Communicator meet(
            Ring ring, Lines lines, Kernels kernels, Duration timeout, HostParts parts, BooleanSupplier abandoned) {
        Patience patience = new Patience(ring, timeout, null);
        HostPlan plan = plan(ring, patience, parts, abandoned);
        return plan == null ? null : new Communicator(ring, lines, kernels, patience, plan);
    }

    static @Nullable HostPlan plan(Ring ring, Patience patience, HostParts parts, BooleanSupplier abandoned) {
        if (ring.size() == 1) {
            return null;
        }
        long startNs = System.nanoTime();
        HostMemory memory = meet(
                ring,
                parts,
                abandoned,
                () -> abandoned.getAsBoolean()
                        || patience.reasonToStop() != null
                        || patience.isOver(System.nanoTime() - startNs));
        return memory == null ? null : new HostPlan(ring, memory, parts, patience);
    }

    private static @Nullable HostMemory meet(
            Ring ring, HostParts parts, BooleanSupplier abandoned, BooleanSupplier inVain) {
        Path folder = parts.folder();
        long length = HostGroup.memoryBytes(ring.size());
        HostMeeting meeting = new HostMeeting(ring, folder, length);
        try {
            HostMemory memory =
                    ring.rank() == 0 ? parts.meeting(length, meeting.name, meeting.proof) : meeting.come(inVain);
            if (meeting.isComplete(memory, inVain)) {
                return memory;
            }
            memory.close();
            throw new IOException("not all ranks have come to " + folder);
        } catch (IOException e) {
            boolean isNews = !abandoned.getAsBoolean();
            LOG.log(
                    isNews ? System.Logger.Level.INFO : System.Logger.Level.DEBUG,
                    "no shared memory: {0}",
                    e.getMessage());
            HostMemory.refuse(folder, meeting.name);
            return null;
        }
    }

    private HostMemory come(BooleanSupplier inVain) throws IOException {
        Path file = HostMemory.file(folder, name);
        while (!Files.exists(file)) {
            if (inVain.getAsBoolean()) {
                throw new IOException("rank 0 has not come to " + folder);
            }
            LockSupport.parkNanos(POLL_NS);
        }
        try {
            return HostMemory.open(folder, length, name, proof);
        } catch (IOException e) {
            throw new IOException("rank " + ring.rank() + " " + e.getMessage(), e);
        }
    }

    private boolean isComplete(HostMemory memory, BooleanSupplier inVain) {
        AtomicBuffer words = new UnsafeBuffer(memory.segment().address(), HostMemory.HEADER);
        if (words.getAndAddLong(ARRIVED, 1) == ring.size() - 1 && words.compareAndSetLong(OUTCOME, OPEN, COMPLETE)) {
            memory.unlink();
        }
        while (words.getLongVolatile(OUTCOME) == OPEN) {
            if (inVain.getAsBoolean() || HostMemory.isRefused(folder, name)) {
                words.compareAndSetLong(OUTCOME, OPEN, CALLED_OFF);
            } else {
                LockSupport.parkNanos(POLL_NS);
            }
        }
        return words.getLongVolatile(OUTCOME) == COMPLETE;
    }
}
