package io.kolo.allreduce;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * How the ranks of a host meet in shared memory. Each rank has words that it alone writes, with release, and the others
 * read, with acquire: how often it has come to a meeting, and how many chunks it has staged, reduced and consumed. All
 * of them only ever grow. Beside them each rank says what operation it is in; when all have come, each compares.
 *
 * <p>The first rank that fails leaves its reason and claims the abort word; whoever waits sees it.
 */
final class HostGroup implements AutoCloseable {
    /** A word that a rank publishes, and the words for what others wait for. */
    enum Word {
        MET(0, "to come to it"),
        STAGED(1, "to put a chunk into shared memory"),
        REDUCED(2, "to reduce its part of a chunk"),
        CONSUMED(3, "to take a chunk out of shared memory"),
        /** One for each other rank: how many chunks it has been sent. */
        OFFERED(4, "to send a chunk"),
        /** One for each other rank: how many of its chunks have been received. */
        TAKEN(5, "to receive a chunk");

        private final int number;
        private final String what;

        Word(int number, String what) {
            this.number = number;
            this.what = what;
        }
    }

    /** Bytes up to which a second meeting costs more than it saves. */
    static final int TINY_BYTES = 2 * 1024;

    /** Bytes that an operation with one meeting carries. */
    static final int FLAT_BYTES = 16 * 1024;

    /** Bytes of a rank's staging for one round, which each of the ranks has a part of, and of a chunk to one rank. */
    static final int CHUNK_BYTES = 256 * 1024;

    /** Rounds under way. */
    static final int DEPTH = 4;

    private static final int PARITIES = 2;
    private static final int WORD_STRIDE = 128; // two lines: the next one is fetched along
    private static final int DESCRIPTOR = 4 * WORD_STRIDE;
    private static final int LOCATION = ChunkHeader.LENGTH;
    private static final int PUT = LOCATION + 2 * Long.BYTES;
    private static final int MESSAGE = DESCRIPTOR + PARITIES * WORD_STRIDE;
    private static final int MESSAGE_BYTES = 2048;
    private static final int SLOT = 4096;
    private static final int SIGNS = SLOT - WORD_STRIDE;
    private static final int ABORTED = 256; // in the memory's first page, behind the proof
    private static final int SPINS_BETWEEN_CHECKS = 64;
    private static final int OUTBOX_HEADER = 64;

    private final Ring ring;
    private final HostMemory memory;
    private final Patience patience;
    private final AtomicBuffer words;
    private final ChunkHeader[][] descriptors;
    private final ChunkHeader[][] outboxes;
    private final long rankBytes;
    private ChunkHeader current;
    private long meetings;
    private int parity;
    private int turns;
    private long waitStartNs;
    private long signsSeen;

    HostGroup(Ring ring, HostMemory memory, Patience patience) {
        this.ring = ring;
        this.memory = memory;
        this.patience = patience;
        this.words = new UnsafeBuffer(
                memory.segment().address(), Math.toIntExact(memory.segment().byteSize()));
        this.rankBytes = rankBytes(ring.size());
        this.descriptors = new ChunkHeader[PARITIES][ring.size()];
        this.outboxes = new ChunkHeader[DEPTH][ring.size()];
        for (int rank = 0; rank < ring.size(); rank++) {
            for (int i = 0; i < PARITIES; i++) {
                descriptors[i][rank] = new ChunkHeader().wrap(words, descriptor(rank, i));
            }
            for (int i = 0; i < DEPTH; i++) {
                outboxes[i][rank] = new ChunkHeader().wrap(words, (int) outbox(rank, i) - OUTBOX_HEADER);
            }
        }
        this.current = descriptors[0][ring.rank()];
    }

    void touch() {
        memory.touch();
    }

    /** Returns the bytes of memory that a group needs. */
    static long memoryBytes(int size) {
        return HostMemory.lengthOfParts(size, rankBytes(size));
    }

    private static long rankBytes(int size) {
        return SLOT
                + 2 * rowBytes(size)
                + (long) PARITIES * FLAT_BYTES
                + (long) DEPTH * (CHUNK_BYTES + OUTBOX_HEADER + CHUNK_BYTES);
    }

    /** A word for each rank. */
    private static long rowBytes(int size) {
        return Math.ceilDiv(size * Long.BYTES, WORD_STRIDE) * (long) WORD_STRIDE;
    }

    int size() {
        return ring.size();
    }

    int rank() {
        return ring.rank();
    }

    /** Returns the rank {@code places} after this one, counted round. */
    int rightBy(int places) {
        return (ring.rank() + places) % ring.size();
    }

    HostMemory memory() {
        return memory;
    }

    private int slot(int rank) {
        return (int) (HostMemory.HEADER + rank * HostMemory.stride(rankBytes));
    }

    private int descriptor(int rank, int which) {
        return slot(rank) + DESCRIPTOR + which * WORD_STRIDE;
    }

    private int index(int rank, Word word) {
        return slot(rank) + word.number * WORD_STRIDE;
    }

    /** Of a word that there is for each other rank. */
    private int index(int rank, Word word, int other) {
        return slot(rank) + SLOT + (word == Word.OFFERED ? 0 : (int) rowBytes(ring.size())) + other * Long.BYTES;
    }

    /** Where in the memory the words of a rank end, and its elements begin. */
    private long data(int rank) {
        return slot(rank) + SLOT + 2 * rowBytes(ring.size());
    }

    /** Where in the memory a rank's data of an operation with one meeting lies. */
    long flat(int rank) {
        return data(rank) + (long) parity * FLAT_BYTES;
    }

    /** Where in the memory a rank's staging for round {@code number} lies. */
    long staging(int rank, long number) {
        return data(rank) + (long) PARITIES * FLAT_BYTES + number % DEPTH * CHUNK_BYTES;
    }

    /** Where in the memory a rank's outgoing chunk {@code number} lies; its header is {@link #outboxHeader}. */
    long outbox(int rank, long number) {
        return staging(rank, 0)
                + (long) DEPTH * CHUNK_BYTES
                + OUTBOX_HEADER
                + number % DEPTH * (OUTBOX_HEADER + CHUNK_BYTES);
    }

    ChunkHeader outboxHeader(int rank, long number) {
        return outboxes[(int) (number % DEPTH)][rank];
    }

    /** Begins an operation: from here on {@link #flat} is its own. Returns what to describe it with. */
    ChunkHeader begin() {
        parity = (parity + 1) % PARITIES;
        current = descriptors[parity][ring.rank()].of(ring);
        return current;
    }

    /** Begins an operation that not all ranks need be in, and that {@code description} describes. */
    void begin(ChunkHeader description) {
        current = description.of(ring);
    }

    /**
     * Says where this rank's buffer is.
     *
     * @param memoryNumber of a memory that all have mapped, or 0
     * @param offset how far from the start of this rank's part of it
     * @param put whether its elements are in {@link #flat}, too
     */
    void locate(long memoryNumber, long offset, boolean put) {
        words.putLong(descriptor(ring.rank(), parity) + PUT, put ? 1 : 0);
        words.putLong(descriptor(ring.rank(), parity) + LOCATION, memoryNumber);
        words.putLong(descriptor(ring.rank(), parity) + LOCATION + Long.BYTES, offset);
    }

    /** Returns whether all ranks' buffers are at the same place of the same memory. */
    boolean isLocatedAlike() {
        int own = descriptor(ring.rank(), parity) + LOCATION;
        long number = words.getLong(own);
        for (int rank = 0; rank < ring.size(); rank++) {
            int other = descriptor(rank, parity) + LOCATION;
            if (number == 0
                    || words.getLong(other) != number
                    || words.getLong(other + Long.BYTES) != words.getLong(own + Long.BYTES)) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether all ranks' elements are in {@link #flat}. */
    boolean haveAllPut() {
        for (int rank = 0; rank < ring.size(); rank++) {
            if (words.getLong(descriptor(rank, parity) + PUT) == 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Comes to the operation and waits for all ranks.
     *
     * @throws CollectiveMismatchException if they are not in the same one, on all ranks and with the same two
     */
    void meetInOperation() {
        meet();
        ChunkHeader first = descriptors[parity][0];
        for (int rank = 1; rank < ring.size(); rank++) {
            if (!descriptors[parity][rank].isOfOperationOf(first)) {
                throw mismatch(first, rank);
            }
        }
    }

    private CollectiveMismatchException mismatch(ChunkHeader first, int rank) {
        return CollectiveMismatchException.of(
                ring,
                0,
                rank,
                "rank " + ring.inWorld(0) + " is in " + first + ", rank " + ring.inWorld(rank) + " in "
                        + descriptors[parity][rank]);
    }

    /** Waits until all ranks are here. */
    void meet() {
        meetings++;
        publish(Word.MET, meetings);
        await(Word.MET, meetings);
    }

    void publish(Word word, long value) {
        words.putLongRelease(index(ring.rank(), word), value);
    }

    /** Waits until the word of all other ranks has come up to {@code value}. */
    void await(Word word, long value) {
        for (int rank = 0; rank < ring.size(); rank++) {
            await(rank, word, value);
        }
    }

    void await(int rank, Word word, long value) {
        if (rank == ring.rank()) {
            return;
        }
        await(rank, word, index(rank, word), value);
    }

    /** Waits until a rank's word for this one has come up to {@code value}. */
    void awaitOwn(int rank, Word word, long value) {
        await(rank, word, index(rank, word, ring.rank()), value);
    }

    private void await(int rank, Word word, int index, long value) {
        while (words.getLongAcquire(index) < value) {
            idle(rank, word);
        }
        moved();
    }

    void publish(Word word, int other, long value) {
        words.putLongRelease(index(ring.rank(), word, other), value);
    }

    /** Returns whether a rank's word for this one has come up to {@code value}. */
    boolean has(int rank, Word word, long value) {
        return words.getLongAcquire(index(rank, word, ring.rank())) >= value;
    }

    /** What was waited for has come. */
    void moved() {
        if (turns > 0) {
            turns = 0;
            patience.reset();
        }
    }

    /** A turn of waiting for a rank, in vain; throws what there is to be said after too many of them. */
    void idle(int rank, Word word) {
        patience.idle();
        if (turns % SPINS_BETWEEN_CHECKS == 0 || patience.isLong(turns)) {
            long nowNs = System.nanoTime();
            if (turns == 0 || (patience.isOver(nowNs - waitStartNs) && signsOf(rank) != signsSeen)) {
                waitStartNs = nowNs;
                signsSeen = signsOf(rank);
            }
            stopIfInVain(rank, word, nowNs - waitStartNs);
        }
        turns++;
    }

    /** Says to those that wait for this rank that it waits elsewhere, until a deadline of its own, or gets on there. */
    void sign() {
        words.putLongRelease(slot(ring.rank()) + SIGNS, signsOf(ring.rank()) + 1);
    }

    private long signsOf(int rank) {
        return words.getLongAcquire(slot(rank) + SIGNS);
    }

    /** For one that has long to do without waiting for anybody: throws what any rank has said. */
    void look() {
        end(reasonToStop());
    }

    private void end(@Nullable CollectiveException reason) {
        if (reason != null) {
            abort(reason);
            throw reason;
        }
    }

    private @Nullable CollectiveException reasonToStop() {
        long aborter = words.getLongAcquire(ABORTED);
        return aborter != 0 ? read((int) aborter - 1) : patience.reasonToStop();
    }

    private void stopIfInVain(int rank, Word word, long waitedNs) {
        CollectiveException reason = reasonToStop();
        if (reason == null && patience.isOver(waitedNs)) {
            reason = new CollectiveTimeoutException(
                    "generation " + ring.generation() + ", " + current + ": rank " + ring.inWorld()
                            + " waited " + TimeUnit.NANOSECONDS.toMillis(waitedNs) + " ms for rank "
                            + ring.inWorld(rank) + " " + word.what,
                    ring.inWorld(rank));
        }
        end(reason);
    }

    /** Tells all ranks why there is nothing to wait for any more, unless another one has. */
    void abort(CollectiveException reason) {
        byte[] message = Abort.write(reason, MESSAGE_BYTES);
        int at = slot(ring.rank()) + MESSAGE;
        words.putBytes(at + Integer.BYTES, message);
        words.putInt(at, message.length);
        words.compareAndSetLong(ABORTED, 0, ring.rank() + 1L);
    }

    private CollectiveException read(int rank) {
        int at = slot(rank) + MESSAGE;
        int length = Math.clamp(words.getInt(at), 0, MESSAGE_BYTES);
        MemorySegment segment = memory.segment();
        return Abort.read(segment, at + Integer.BYTES, length);
    }

    @Override
    public void close() {
        memory.close();
    }
}
