package io.kolo.allreduce.aeron;

import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.ControlledFragmentHandler.Action;
import io.aeron.logbuffer.Header;
import io.kolo.allreduce.ChunkHeader;
import io.kolo.allreduce.ChunkMessage;
import io.kolo.allreduce.ChunkReceiver;
import io.kolo.allreduce.Link;
import java.lang.foreign.MemorySegment;
import org.agrona.DirectBuffer;

/**
 * The neighbours of a rank over Aeron UDP. Chunks are written straight into the term buffer, and handed out from where
 * the driver put what it received.
 */
final class AeronLink implements Link {
    private static final System.Logger LOG = System.getLogger(AeronLink.class.getName());

    private final DriverDuty duty;
    private final Subscription fromLeft;
    private final AeronLine toRight;
    private final BufferClaim claim = new BufferClaim();
    private final ChunkMessage sent = new ChunkMessage();
    private final ChunkMessage received = new ChunkMessage();
    private final ControlledFragmentHandler handler = this::onFragment;
    private final int maxChunkBytes;
    private long checkedPosition;
    private int checkedSession;
    private ChunkReceiver receiver = (header, data, offset, length) -> false;

    AeronLink(DriverDuty duty, Subscription fromLeft, AeronLine toRight) {
        this.duty = duty;
        this.fromLeft = fromLeft;
        this.toRight = toRight;
        this.maxChunkBytes = ChunkMessage.maxDataLength(toRight.current().maxPayloadLength());
    }

    @Override
    public int maxChunkBytes() {
        return maxChunkBytes;
    }

    @Override
    public void enter() {
        duty.enter();
    }

    @Override
    public void leave() {
        duty.leave();
    }

    @Override
    public void doWork() {
        duty.doWork();
    }

    @Override
    public boolean trySend(ChunkHeader header, MemorySegment data, long offset, int length) {
        long position = toRight.current().tryClaim(ChunkMessage.length(length), claim);
        if (position == Publication.CLOSED || position == Publication.MAX_POSITION_EXCEEDED) {
            throw new IllegalStateException("the publication to the right has ended");
        }
        if (position == Publication.NOT_CONNECTED && toRight.isHeard()) {
            return trySend(header, data, offset, length);
        }
        if (position < 0) {
            return false; // also a neighbour that is gone is a reason to wait: the operation has the deadline
        }
        ChunkMessage.write(header, data, offset, length, claim.buffer(), claim.offset());
        sent.seal(claim.buffer(), claim.offset(), ChunkMessage.length(length));
        claim.commit();
        return true;
    }

    @Override
    public int poll(ChunkReceiver receiver, int limit) {
        this.receiver = receiver;
        return fromLeft.controlledPoll(handler, limit);
    }

    private Action onFragment(DirectBuffer buffer, int offset, int length, Header header) {
        if (!isIntact(buffer, offset, length, header)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "dropped {0} bytes from {1}: damaged on their way, or no chunk",
                    length,
                    header.context());
            return Action.COMMIT;
        }
        return received.handTo(receiver, buffer, offset, length) ? Action.COMMIT : Action.ABORT;
    }

    /** A chunk that has to wait comes again and again, and is checked once. */
    private boolean isIntact(DirectBuffer buffer, int offset, int length, Header header) {
        if (header.position() == checkedPosition && header.sessionId() == checkedSession) {
            return true;
        }
        if (!received.isIntact(buffer, offset, length)) {
            return false;
        }
        checkedPosition = header.position();
        checkedSession = header.sessionId();
        return true;
    }
}
