package io.kolo.allreduce;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a process has in common with the others of its host: the folder in which ranks meet, and parts of memory that
 * all ranks reach without a copy. A rank makes its own part, and maps those of the others.
 *
 * <p>Parts may outlive a ring. The next ring takes them over as they are mapped, so that it neither has to reserve
 * memory nor to touch its pages for the first time; what it does not take goes with the ring that had it. A process
 * that was thrown out may still be in the middle of a store: so this process takes its own part over only if all whom
 * it was in a ring with, and is no more, are gone; if they are not, in the time that it would take, it makes it anew. A
 * ring may be closed by another thread than the one that is in the next.
 */
public final class HostParts implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(HostParts.class.getName());

    /** What it takes to make a part; so long it may be worth to wait for one. */
    private static final double MAKE_NS_PER_BYTE = 0.6;

    /** Memory that is only made ahead must not be what another one lacks. */
    private static final long LEAVES_TIMES = 4;

    private static final long POLL_NS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final int MADE = 0;
    private static final int NAME = 1;
    private static final int PROOF = 2;
    private static final int FOLDER = 3;
    private static final int FOLDER_BYTES = 512;
    private static final int OFFER_LONGS = FOLDER + FOLDER_BYTES / Long.BYTES;

    /** A part of this process, or of another one. */
    private static final class Part {
        private final HostMemory memory;
        private final boolean own;

        /** The last ring that has used it; null if it was made ahead. */
        private @Nullable Ring user;

        private Part(HostMemory memory, boolean own, @Nullable Ring user) {
            this.memory = memory;
            this.own = own;
            this.user = user;
        }
    }

    private final SecureRandom random = new SecureRandom();
    private final Path folder;
    private final Path own;
    private final boolean kept;
    private final BooleanSupplier othersAreGone;
    private final List<Part> parts = new ArrayList<>();

    /** For a meeting, made ahead; null if there is none. */
    private HostMemory.@Nullable Blank meeting;

    /** The ring that has waited, or waits, for others to be gone. */
    private @Nullable Ring waiting;

    private long deadlineNs;

    private HostParts(Path folder, Path own, boolean kept, BooleanSupplier othersAreGone) {
        this.folder = folder;
        this.own = own;
        this.kept = kept;
        this.othersAreGone = othersAreGone;
    }

    /**
     * Parts that the next ring may take over.
     *
     * @param folder where the ranks of a host meet, on a file system in memory
     * @param own this process's folder, on such a file system: its parts are there, and can be found for as long as
     *     they are used
     * @param othersAreGone tells, time and again, whether all processes are gone, and seen to be gone, that this one
     *     has been in a ring with and is no more
     */
    public static HostParts kept(Path folder, Path own, BooleanSupplier othersAreGone) {
        return new HostParts(folder, own, true, othersAreGone);
    }

    /** Parts that go with their ring, and that nobody can find once all its ranks have them. */
    public static HostParts once(Path folder) {
        return new HostParts(folder, folder, false, () -> false);
    }

    Path folder() {
        return folder;
    }

    /**
     * Makes a part ahead, so that a ring need not wait for it.
     *
     * @param length bytes
     */
    public synchronized void prepare(long length) {
        try {
            parts.add(new Part(make(length), true, null));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "no part is made ahead: {0}", e.getMessage());
        }
    }

    /**
     * Makes the memory ahead in which the next ring meets, if this process is its rank 0.
     *
     * @param size ranks that it may have
     */
    public synchronized void prepareMeeting(int size) {
        long length = HostGroup.memoryBytes(size);
        try {
            boolean plenty = Files.getFileStore(own).getUsableSpace() > LEAVES_TIMES * length;
            if (plenty && (meeting == null || meeting.length() < length)) {
                dropMeeting();
                meeting = HostMemory.Blank.reserve(own, length);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "no memory is made ahead for a meeting: {0}", e.getMessage());
        }
    }

    private void dropMeeting() throws IOException {
        if (meeting != null) {
            meeting.close();
        }
        meeting = null;
    }

    /** Makes the memory in which a ring meets. */
    synchronized HostMemory meeting(long length, long name, long proof) throws IOException {
        try {
            return meeting != null && meeting.length() >= length
                    ? meeting.become(folder, length, name, proof)
                    : HostMemory.create(folder, length, name, proof);
        } finally {
            dropMeeting();
        }
    }

    /**
     * Gives each rank a part, and has all ranks map it.
     *
     * @param ranks of the ring, for the agreement
     * @param length bytes
     * @return the parts by rank; null on all ranks if one of them can't, the reason is in the log
     */
    synchronized @Nullable List<MemorySegment> agree(Communicator ranks, Ring ring, long length) {
        long[] offers = new long[ring.size() * OFFER_LONGS];
        String reason = "";
        List<Part> before = List.copyOf(parts);
        Part mine = null;
        try {
            mine = take(ring, length);
        } catch (IOException e) {
            reason = String.valueOf(e.getMessage());
        }
        ranks.allGather(
                MemorySegment.ofArray(mine == null ? new long[OFFER_LONGS] : offer(mine)),
                MemorySegment.ofArray(offers),
                DataType.I64);
        Part[] byRank = new Part[ring.size()];
        try {
            for (int rank = 0; rank < ring.size() && reason.isEmpty(); rank++) {
                long[] offer = Arrays.copyOfRange(offers, rank * OFFER_LONGS, (rank + 1) * OFFER_LONGS);
                byRank[rank] = rank == ring.rank() ? Objects.requireNonNull(mine) : find(ring, offer, length);
            }
        } catch (IOException e) {
            reason = "rank " + ring.rank() + " " + e.getMessage();
        }
        int[] all = {reason.isEmpty() ? 1 : 0};
        ranks.allReduce(MemorySegment.ofArray(all), DataType.I32, ReduceOp.MIN);
        if (mine != null && !kept) {
            mine.memory.unlink();
        }
        if (all[0] == 1) {
            return Arrays.stream(byRank)
                    .map(part -> part.memory.part(0, length))
                    .toList();
        }
        parts.stream().filter(part -> !before.contains(part)).toList().forEach(this::drop); // others are still in use
        if (!reason.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, "no shared memory: {0}", reason);
        }
        return null;
    }

    private Part take(Ring ring, long length) throws IOException {
        long bytes = HostMemory.lengthOfParts(1, length);
        for (Part part : parts) {
            boolean free = part.user == null || part.user.generation() < ring.generation();
            if (part.own && free && part.memory.segment().byteSize() == bytes && isSafe(part, ring)) {
                part.user = ring;
                return part;
            }
        }
        Part made = new Part(make(length), true, ring);
        parts.add(made);
        return made;
    }

    private boolean isSafe(Part part, Ring next) {
        if (part.user == null) {
            return true; // nobody stores into it before it is taken
        }
        if (!next.equals(waiting)) {
            waiting = next;
            deadlineNs = System.nanoTime() + (long) (part.memory.segment().byteSize() * MAKE_NS_PER_BYTE);
        }
        while (!othersAreGone.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs >= 0) {
                return false;
            }
            LockSupport.parkNanos(POLL_NS);
        }
        return true;
    }

    private HostMemory make(long length) throws IOException {
        HostMemory made =
                HostMemory.create(own, HostMemory.lengthOfParts(1, length), random.nextLong(), random.nextLong());
        made.touch();
        return made;
    }

    private static long[] offer(Part part) {
        long[] offer = new long[OFFER_LONGS];
        byte[] folder = part.memory.folder().toString().getBytes(UTF_8);
        if (folder.length < FOLDER_BYTES) { // else the others find that nothing was made
            offer[MADE] = 1;
            offer[NAME] = part.memory.name();
            offer[PROOF] = part.memory.proof();
            MemorySegment.ofArray(offer)
                    .asSlice(FOLDER * (long) Long.BYTES, folder.length)
                    .copyFrom(MemorySegment.ofArray(folder));
        }
        return offer;
    }

    private Part find(Ring ring, long[] offer, long length) throws IOException {
        Part part = find(offer, length);
        part.user = ring;
        return part;
    }

    private Part find(long[] offer, long length) throws IOException {
        if (offer[MADE] == 0) {
            throw new IOException("has no part to map from another rank");
        }
        for (Part part : parts) {
            if (!part.own && part.memory.name() == offer[NAME] && part.memory.proof() == offer[PROOF]) {
                return part;
            }
        }
        Path where = Path.of(MemorySegment.ofArray(offer).getString(FOLDER * (long) Long.BYTES, UTF_8));
        HostMemory memory = HostMemory.open(where, HostMemory.lengthOfParts(1, length), offer[NAME], offer[PROOF]);
        Part part = new Part(memory, false, null);
        parts.add(part);
        return part;
    }

    /**
     * Has all ranks of a ring that is not in use yet map the parts that the others have, so that there is nothing left
     * to map when they {@link Communicator#allocate} as much in it. What can't be mapped is seen then.
     *
     * @param length bytes of a rank's part
     */
    public void introduce(Communicator ranks, long length) {
        long[] offers = new long[ranks.size() * OFFER_LONGS];
        long[] own = new long[OFFER_LONGS];
        synchronized (this) { // not for longer: the ring that is in use may need it to go on
            long bytes = HostMemory.lengthOfParts(1, length);
            for (Part part : parts) {
                if (part.own && part.memory.segment().byteSize() == bytes) {
                    own = offer(part);
                    break;
                }
            }
        }
        ranks.allGather(MemorySegment.ofArray(own), MemorySegment.ofArray(offers), DataType.I64);
        for (int rank = 0; rank < ranks.size(); rank++) {
            if (rank != ranks.rank()) {
                map(Arrays.copyOfRange(offers, rank * OFFER_LONGS, (rank + 1) * OFFER_LONGS), length);
            }
        }
    }

    /** Touches the memory in which the ranks meet, so that the first who use it need not. */
    public static void touch(Communicator ranks) {
        if (ranks.plan() instanceof HostPlan plan) {
            plan.touch();
        }
    }

    private synchronized void map(long[] offer, long length) {
        try {
            find(offer, length).memory.touch();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "nothing is mapped ahead: {0}", e.getMessage());
        }
    }

    /** A ring is over: what no other one has taken over goes. */
    synchronized void release(Ring ring) {
        parts.stream().filter(part -> ring.equals(part.user)).toList().forEach(this::drop);
    }

    private void drop(Part part) {
        parts.remove(part);
        if (part.own) {
            part.memory.unlink(); // those of others may go on in rings that this process is not in
        }
        part.memory.close();
    }

    /** Lets go what was made ahead, and not taken. */
    public synchronized void trim() {
        parts.stream().filter(part -> part.user == null).toList().forEach(this::drop);
    }

    /** Lets go what no ring has; the parts of a ring that could not be closed stay mapped, as its other memory does. */
    @Override
    public synchronized void close() {
        trim();
        try {
            dropMeeting();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
