package io.kolo.allreduce;

import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a rank holds to exchange buffers with the other ranks of its generation.
 *
 * <p>Operations are ordered: every rank calls the same ones in the same order, and each call returns when this rank's
 * part is done. One operation at a time; any thread may call it. What comes of {@link #split} is a communicator of its
 * own, and may be used at the same time. After a {@link CollectiveException}, which any operation throws if a rank is
 * lost, does something else, or nothing moves for the timeout, the communicator is of no more use, and each further
 * call throws the same.
 *
 * <p>Buffers are in native byte order, off-heap or on it ({@code MemorySegment.ofArray(floats)}), of any alignment, and
 * hold a whole number of elements. Results depend only on the ranks and where they are, the inputs, type and op: all
 * ranks get the same bits, in every run and over every transport ({@link Segments}). Ranks that do not know that they
 * are on one host count as on several.
 */
public final class Communicator implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Communicator.class.getName());

    private final Ring ring;
    private final Lines lines;
    private final Kernels kernels;
    final Patience patience;
    private final Sequencer sequencer;
    private final Exchanges exchanges;
    private final List<Communicator> sets = new CopyOnWriteArrayList<>();
    private @Nullable HostParts parts;

    /**
     * Creates the communicator of one rank.
     *
     * @param ring the rank's place
     * @param lines to the other ranks; closed with the communicator
     * @param kernels the arithmetic
     * @param timeout how long an operation may go without any progress before it fails
     */
    public Communicator(Ring ring, Lines lines, Kernels kernels, Duration timeout) {
        this(ring, lines, kernels, new Patience(ring, timeout, null), null);
    }

    /** Creates that of ranks that have a plan; if null they go round their ring. */
    Communicator(Ring ring, Lines lines, Kernels kernels, Patience patience, @Nullable HostPlan plan) {
        this.ring = ring;
        this.lines = lines;
        this.kernels = kernels;
        this.patience = patience;
        this.parts = plan == null ? null : plan.parts();
        Plan first = plan == null ? new RingPlan(ring, lines, patience) : plan;
        this.sequencer = new Sequencer(ring, first, kernels, patience);
        this.exchanges = new Exchanges(ring);
    }

    /**
     * Goes over to shared memory where ranks are on one host: where they see the same folder. Every rank calls it, at
     * the same place in the order of operations.
     *
     * @param parts this rank's, with the folder
     * @return whether all ranks are on one host and share memory; the reason, either way, is in the log
     */
    public boolean shareMemory(HostParts parts) {
        return shareMemory(Hosts.find(this, parts.folder()), parts);
    }

    boolean shareMemory(Hosts hosts, HostParts parts) {
        this.parts = parts;
        Plan chosen = Planner.choose(this, ring, sequencer.plan(), patience, hosts, parts);
        sequencer.use(chosen);
        LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", ring, description());
        return sharesMemory();
    }

    /** Returns whether all ranks are on one host and share memory. */
    public boolean sharesMemory() {
        return sequencer.plan() instanceof HostPlan;
    }

    /** Returns how this communicator works, for a log line. */
    public String description() {
        return sequencer.plan().description();
    }

    /**
     * Returns memory for this rank's part of operations, off-heap and 64-byte aligned. Where ranks share memory the
     * others reach it without a copy: an all-reduce of such buffers, or of equal slices of them, costs least. Every
     * rank calls it with the same length, at the same place in the order of operations; the memory lives as long as the
     * communicator. It is zeroed; or, where rings follow one another in {@link HostParts} that are kept, it may be what
     * the ring before had, as that left it.
     *
     * @param length bytes
     */
    public MemorySegment allocate(long length) {
        if (length < 0) {
            throw new IllegalArgumentException("a length of " + length);
        }
        return sequencer.plan().allocate(this, length);
    }

    Plan plan() {
        return sequencer.plan();
    }

    /**
     * Splits the ranks into process sets: those that give the same color form a communicator, in the order of their
     * ranks. It may be used at the same time as this one and as those of other splits, from a thread of its own; where
     * ranks share memory, so does it. Every rank calls it, at the same place in the order of operations.
     *
     * @param color any number
     * @return closed with this one, if not before; aborted with it, too. Its errors name ranks as the World does
     * @throws IllegalStateException after {@value Channels#MAX_SETS} splits, and for the set of a set of a set
     */
    public Communicator split(int color) {
        Communicator set = set(color);
        if (parts != null) {
            set.shareMemory(
                    sharesMemory() ? Hosts.one(set.size()) : Hosts.find(set, parts.folder()),
                    HostParts.once(parts.folder()));
        }
        return set;
    }

    /** Returns a process set that has not chosen its plan yet. */
    Communicator set(int color) {
        int[] colors = new int[ring.size()];
        allGather(MemorySegment.ofArray(new int[] {color}), MemorySegment.ofArray(colors), DataType.I32);
        int[] ranks = IntStream.range(0, ring.size())
                .filter(rank -> colors[rank] == color)
                .toArray();
        int number = sets.size() + 1;
        Ring place = ring.part(number, ranks);
        Communicator set = new Communicator(place, lines.subset(number, ranks), kernels, patience.of(place), null);
        sets.add(set);
        return set;
    }

    /** Returns this rank, {@code 0 <= rank < size}. */
    public int rank() {
        return ring.rank();
    }

    /** Returns the number of ranks. */
    public int size() {
        return ring.size();
    }

    /** Returns how many operations of all ranks this rank has begun; any thread may ask, also in the middle of one. */
    public int operations() {
        return sequencer.sequence();
    }

    /** Returns the number of the generation. */
    public int generation() {
        return ring.generation();
    }

    /**
     * Combines the buffers of all ranks, element by element, and leaves the result in each of them.
     *
     * @param buffer this rank's elements, as many on every rank; read and overwritten
     * @param type the elements' type
     * @param op how elements combine
     */
    public void allReduce(MemorySegment buffer, DataType type, ReduceOp op) {
        allReduce(buffer, type, op, 1, 1);
    }

    /** Combines floats, as many on every rank, in place. */
    public void allReduce(float[] values, ReduceOp op) {
        allReduce(MemorySegment.ofArray(values), DataType.F32, op);
    }

    /**
     * Combines buffers as {@link #allReduce(MemorySegment, DataType, ReduceOp)} does, and scales them on the way.
     *
     * @param preScale what this rank's elements are multiplied by before they are combined; 1 unless they are floats
     * @param postScale what the result, or the average, is multiplied by; the same on every rank, 1 unless floats
     */
    public void allReduce(MemorySegment buffer, DataType type, ReduceOp op, double preScale, double postScale) {
        Arguments.checkWritten(buffer, type);
        Arguments.checkOp(type, op, preScale, postScale);
        sequencer.beginCombining(Collective.ALL_REDUCE, type, op, 0, postScale);
        sequencer.run(buffer, preScale);
    }

    /**
     * Combines the buffers of all ranks, and leaves the result at the root.
     *
     * @param buffer this rank's elements, as many on every rank; overwritten by the result at the root, and by what is
     *     of no use elsewhere
     * @param root the rank that gets the result, the same on every rank
     */
    public void reduce(MemorySegment buffer, DataType type, ReduceOp op, int root) {
        Arguments.checkRank("root", root, ring);
        Arguments.checkWritten(buffer, type);
        Arguments.checkOp(type, op, 1, 1);
        sequencer.beginCombining(Collective.REDUCE, type, op, root, 1);
        sequencer.run(buffer, 1);
    }

    /**
     * Combines the buffers of all ranks, and leaves one segment of the result on each: of {@code count / size}
     * elements, and of one more on the first {@code count % size} ranks. An all-gather of the segments makes an
     * all-reduce of it, bit for bit.
     *
     * @param all this rank's elements, as many on every rank; overwritten by what is of no use, but {@code own}
     * @param own where this rank's segment goes; it may be {@link #segment} of {@code all}, and costs nothing then
     */
    public void reduceScatter(MemorySegment all, MemorySegment own, DataType type, ReduceOp op) {
        Arguments.checkWritten(all, type);
        Arguments.checkWritten(own, type);
        Arguments.checkOp(type, op, 1, 1);
        MemorySegment result = Arguments.checkLength("own", own, segment(all, type));
        sequencer.beginCombining(Collective.REDUCE_SCATTER, type, op, 0, 1);
        sequencer.run(all, 1);
        Exchanges.copy(result, own);
    }

    /**
     * Collects a segment from each rank, and leaves all of them on each: the reverse of {@link #reduceScatter}.
     *
     * @param own this rank's segment; it may be {@link #segment} of {@code all}, and costs nothing then
     * @param all where all segments go, in the order of ranks; the first {@code count % size} have an element more
     */
    public void allGather(MemorySegment own, MemorySegment all, DataType type) {
        Arguments.checkRead(own, type);
        Arguments.checkWritten(all, type);
        Exchanges.copy(own, Arguments.checkLength("own", own, segment(all, type)));
        sequencer.begin(Collective.ALL_GATHER, type, 0);
        sequencer.run(all, 1);
    }

    /** Returns this rank's segment of {@code all}, as all-gather and reduce-scatter cut it: a slice of it. */
    public MemorySegment segment(MemorySegment all, DataType type) {
        return Segments.of(all, type.sizeBytes(), ring);
    }

    /**
     * Collects parts of any length from each rank, and leaves all of them on each.
     *
     * @param own this rank's part
     * @param all where all parts go, in the order of ranks
     * @param counts elements of each rank's part, the same on every rank
     */
    public void allGatherV(MemorySegment own, MemorySegment all, long[] counts, DataType type) {
        Arguments.checkRead(own, type);
        Arguments.checkWritten(all, type);
        Exchanges.Parts parts = Arguments.parts("all", all, counts, type, ring);
        Arguments.checkLength("own", own, parts.of(ring.rank()));
        sequencer.begin(Collective.ALL_GATHER, type, 0);
        sequencer.run((plan, operation) -> exchanges.allToAll(plan, operation, rank -> own, parts));
    }

    /**
     * Copies the root's buffer into the buffers of all other ranks.
     *
     * @param buffer as long on every rank; read at the root, overwritten elsewhere
     * @param root the rank to copy from, the same on every rank
     */
    public void broadcast(MemorySegment buffer, DataType type, int root) {
        Arguments.checkRank("root", root, ring);
        Arguments.check(buffer, type, root != ring.rank());
        sequencer.begin(Collective.BROADCAST, type, root);
        sequencer.run(buffer, 1);
    }

    /**
     * Collects a part from each rank at the root.
     *
     * @param own this rank's part, as long on every rank
     * @param all where all parts go, in the order of ranks, at the root; not looked at elsewhere
     */
    public void gather(MemorySegment own, MemorySegment all, DataType type, int root) {
        Arguments.checkRank("root", root, ring);
        Arguments.checkRead(own, type);
        if (root == ring.rank()) {
            Arguments.checkWritten(all, type);
            Arguments.checkParts("all", all, own, ring);
        }
        sequencer.begin(Collective.GATHER, type, root);
        sequencer.run(
                (plan, operation) -> exchanges.gather(plan, operation, own, Exchanges.Parts.equal(all, ring.size())));
    }

    /**
     * Gives each rank a part of the root's buffer.
     *
     * @param all all parts, in the order of ranks, at the root; not looked at elsewhere
     * @param own where this rank's part goes, as long on every rank
     */
    public void scatter(MemorySegment all, MemorySegment own, DataType type, int root) {
        Arguments.checkRank("root", root, ring);
        Arguments.checkWritten(own, type);
        if (root == ring.rank()) {
            Arguments.checkRead(all, type);
            Arguments.checkParts("all", all, own, ring);
        }
        sequencer.begin(Collective.SCATTER, type, root);
        sequencer.run(
                (plan, operation) -> exchanges.scatter(plan, operation, Exchanges.Parts.equal(all, ring.size()), own));
    }

    /**
     * Gives each rank a part of each rank's buffer.
     *
     * @param outgoing a part for each rank, in the order of ranks, all as long
     * @param incoming where the parts from each rank go, in the order of ranks; as long as {@code outgoing}
     */
    public void allToAll(MemorySegment outgoing, MemorySegment incoming, DataType type) {
        long[] counts = new long[ring.size()];
        Arrays.fill(counts, outgoing.byteSize() / type.sizeBytes() / ring.size());
        allToAllV(outgoing, counts, incoming, counts, type);
    }

    /**
     * Gives each rank a part, of any length, of each rank's buffer.
     *
     * @param outgoing a part for each rank, in the order of ranks
     * @param outgoingCounts elements of each of these parts
     * @param incoming where the parts from each rank go, in the order of ranks
     * @param incomingCounts elements of each of these, as the rank that it comes from has it
     */
    public void allToAllV(
            MemorySegment outgoing,
            long[] outgoingCounts,
            MemorySegment incoming,
            long[] incomingCounts,
            DataType type) {
        Arguments.checkRead(outgoing, type);
        Arguments.checkWritten(incoming, type);
        Exchanges.Parts out = Arguments.parts("outgoing", outgoing, outgoingCounts, type, ring);
        Exchanges.Parts in = Arguments.parts("incoming", incoming, incomingCounts, type, ring);
        Arguments.checkLength("the own part of incoming", in.of(ring.rank()), out.of(ring.rank()));
        sequencer.begin(Collective.ALL_TO_ALL, type, 0);
        sequencer.run((plan, operation) -> exchanges.allToAll(plan, operation, out, in));
    }

    /**
     * Sends a buffer to one rank, which receives it; the others need do nothing. It may return before it is received.
     *
     * @param to another rank
     */
    public void send(MemorySegment buffer, DataType type, int to) {
        Arguments.checkOther("to", to, ring);
        Arguments.checkRead(buffer, type);
        sequencer.beginBetweenTwo(type);
        sequencer.run((plan, operation) ->
                plan.exchange(operation.numbered(exchanges.nextSent(to)), to, buffer, Plan.NOBODY, MemorySegment.NULL));
    }

    /**
     * Receives what one rank sends to this one.
     *
     * @param buffer as long as that rank's
     * @param from another rank
     */
    public void receive(MemorySegment buffer, DataType type, int from) {
        Arguments.checkOther("from", from, ring);
        Arguments.checkWritten(buffer, type);
        sequencer.beginBetweenTwo(type);
        sequencer.run((plan, operation) -> plan.exchange(
                operation.numbered(exchanges.nextReceived(from)), Plan.NOBODY, MemorySegment.NULL, from, buffer));
    }

    /** Returns on no rank before all ranks have called it. */
    public void barrier() {
        sequencer.begin(Collective.BARRIER, DataType.F32, 0);
        sequencer.run(MemorySegment.NULL, 1);
    }

    /**
     * Ends the operation under way, and each further one, with a {@link CollectiveAbortedException}, also of process
     * sets. Any thread may call it; only the first call counts.
     *
     * @param culprit the rank of this communicator that is lost or has failed
     * @param reason what happened to it
     */
    public void abort(int culprit, String reason) {
        patience.tell(ring.inWorld(culprit), reason);
    }

    /** Ends all use. An operation under way has to be ended before, by {@link #abort}; its memory stays mapped else. */
    @Override
    public void close() {
        if (sequencer.end()) { // for good: there is no memory any more to operate on
            sets.forEach(Communicator::close); // their plans may be what an operation of this one goes by
            sequencer.plan().close();
        }
        lines.close();
    }
}
