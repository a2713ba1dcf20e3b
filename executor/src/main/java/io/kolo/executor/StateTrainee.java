package io.kolo.executor;

import io.kolo.allreduce.Communicator;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A loop of the user's as steps: one from each commit to the next. The loop runs within one call of {@link #step}, and
 * passes the gate at each commit; whatever ends the ring ends the loop by an exception.
 */
final class StateTrainee implements Trainee {
    private static final int ROOT = 0;

    private final ElasticState state;
    private final Worker worker;
    private final ElasticState.Loop loop;
    private final MemorySegment halt = Arena.ofAuto().allocate(ValueLayout.JAVA_INT);
    private byte[] committed;
    private boolean over;
    private boolean ran;
    private @Nullable Communicator ring;
    private StepGate gate = StepGate.OPEN;

    StateTrainee(ElasticState state, Worker worker, ElasticState.Loop loop) {
        this.state = state;
        this.worker = worker;
        this.loop = loop;
        this.committed = state.encode(false);
    }

    /** What the loop threw, on its way through. */
    static final class LoopFailedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Exception thrown;

        LoopFailedException(Exception thrown) {
            super(thrown);
            this.thrown = thrown;
        }

        Exception thrown() {
            return thrown;
        }
    }

    @Override
    public boolean isOver() {
        return over;
    }

    @Override
    public List<Part> state() {
        return List.of(new Part(MemorySegment.ofArray(committed), DataType.U8));
    }

    @Override
    public void load(List<Part> parts) {
        committed = parts.getFirst().memory().toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void enter(Communicator next) {
        ring = next;
    }

    @Override
    public void resume(long step) {
        restore();
    }

    private Communicator ring() {
        return Objects.requireNonNull(ring);
    }

    @Override
    public void step(long step, StepGate through) {
        gate = through;
        if (ran) {
            restore();
            state.reset();
        }
        ran = true;
        gate.enter();
        try {
            loop.run(worker);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new LoopFailedException(e);
        }
        commit(true);
    }

    void commit(boolean last) {
        byte[] next = state.encode(last);
        boolean halts = anyHalts();
        gate.complete(halts);
        committed = next;
        over = last;
        if (!last) {
            gate.enter(); // throws if all have halted
        }
    }

    private boolean anyHalts() {
        halt.set(ValueLayout.JAVA_INT, 0, gate.halting() ? 1 : 0);
        ring().allReduce(halt, DataType.I32, ReduceOp.MAX);
        return halt.get(ValueLayout.JAVA_INT, 0) > 0;
    }

    void checkHostUpdates() {
        if (anyHalts()) {
            commit(false);
        }
    }

    void restore() {
        over = state.decode(committed);
    }

    void sync() {
        byte[] own = state.encode(false);
        long[] length = {own.length};
        ring().broadcast(MemorySegment.ofArray(length), DataType.I64, ROOT);
        byte[] roots = worker.rank() == ROOT ? own : new byte[(int) length[0]];
        ring().broadcast(MemorySegment.ofArray(roots), DataType.U8, ROOT);
        over = state.decode(roots);
    }
}
