package io.kolo.dl4j;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Collectives on ND4J arrays of any shape, in any order of elements, views among them: an element is combined with
 * those at the same index, wherever it lies in memory. An array in 'c' order without gaps is worked on in place, all
 * others by way of a copy. Each call is made by all ranks, in the same order, with arrays of the same shape and type.
 */
public final class DistributedArrays {
    private static final char ROWS_FIRST = 'c';

    private final Communicator communicator;
    private final Map<DataType, MemorySegment> flat = new EnumMap<>(DataType.class);

    private DistributedArrays(Communicator communicator) {
        this.communicator = communicator;
    }

    /** Returns the collectives of all ranks. */
    public static DistributedArrays of(Worker worker) {
        return of(worker.communicator());
    }

    /** Returns the collectives of the ranks of a communicator, such as a process set. */
    public static DistributedArrays of(Communicator communicator) {
        return new DistributedArrays(communicator);
    }

    /**
     * Combines the arrays of all ranks, element by element, and leaves the result in each of them.
     *
     * @param array FLOAT, DOUBLE, HALF, BFLOAT16, INT, LONG, BYTE, UBYTE or BOOL; overwritten
     * @throws IllegalArgumentException for an array of another type
     */
    public void allReduce(INDArray array, ReduceOp op) {
        allReduce(array, op, 1, 1);
    }

    /**
     * Combines the arrays of all ranks, element by element, and leaves the result in each of them.
     *
     * @param array FLOAT, DOUBLE, HALF, BFLOAT16, INT, LONG, BYTE, UBYTE or BOOL; overwritten
     * @param preScale what this rank's elements are multiplied by before they are combined; 1 unless they are floats
     * @param postScale what the result, or the average, is multiplied by; the same on every rank, 1 unless floats
     * @throws IllegalArgumentException for an array of another type
     */
    public void allReduce(INDArray array, ReduceOp op, double preScale, double postScale) {
        DataType type = NativeArrays.elementType(array);
        write(array, elements -> communicator.allReduce(elements, type, op, preScale, postScale));
    }

    /**
     * Combines the arrays of all ranks, element by element, and leaves the result in the root's.
     *
     * @param array overwritten, by what is of no use but at the root
     * @param root the rank that gets the result, the same on every rank
     */
    public void reduce(INDArray array, ReduceOp op, int root) {
        DataType type = NativeArrays.elementType(array);
        write(array, elements -> communicator.reduce(elements, type, op, root));
    }

    /**
     * Combines the arrays of all ranks, element by element, and leaves a segment of the result, row by row, on each.
     *
     * @param all overwritten by what is of no use
     * @param own where this rank's segment goes: {@code length / size} elements, one more on the first {@code length %
     *     size} ranks
     */
    public void reduceScatter(INDArray all, INDArray own, ReduceOp op) {
        DataType type = typeOf(all, own);
        write(all, elements -> write(own, segment -> communicator.reduceScatter(elements, segment, type, op)));
    }

    /**
     * Copies the root's array into those of all other ranks.
     *
     * @param array overwritten, but at the root
     */
    public void broadcast(INDArray array, int root) {
        DataType type = NativeArrays.elementType(array);
        write(array, elements -> communicator.broadcast(elements, type, root));
    }

    /**
     * Brings the arrays of all ranks to the root.
     *
     * @param own of the same shape on all ranks
     * @param all where they go, one after the other, at the root; not looked at elsewhere
     */
    public void gather(INDArray own, INDArray all, int root) {
        INDArray target = communicator.rank() == root ? all : own;
        DataType type = typeOf(own, target);
        read(own, elements -> write(target, them -> communicator.gather(elements, them, type, root)));
    }

    /**
     * Brings a part of the root's array to each rank.
     *
     * @param all the parts, one after the other, at the root; not looked at elsewhere
     * @param own where this rank's goes, of the same shape on all ranks
     */
    public void scatter(INDArray all, INDArray own, int root) {
        INDArray source = communicator.rank() == root ? all : own;
        DataType type = typeOf(source, own);
        read(source, them -> write(own, elements -> communicator.scatter(them, elements, type, root)));
    }

    /**
     * Brings a part of each rank's array to each rank.
     *
     * @param outgoing a part for each rank, one after the other, all as long
     * @param incoming where the parts from each rank go, in the order of ranks
     */
    public void allToAll(INDArray outgoing, INDArray incoming) {
        DataType type = typeOf(outgoing, incoming);
        read(outgoing, from -> write(incoming, to -> communicator.allToAll(from, to, type)));
    }

    /** Sends an array to another rank, which receives one of the same length and type. */
    public void send(INDArray array, int to) {
        DataType type = NativeArrays.elementType(array);
        read(array, elements -> communicator.send(elements, type, to));
    }

    /** Receives an array that another rank sends. */
    public void receive(INDArray array, int from) {
        DataType type = NativeArrays.elementType(array);
        write(array, elements -> communicator.receive(elements, type, from));
    }

    /**
     * Joins the arrays of all ranks along the first dimension, in the order of ranks.
     *
     * @param own of any length in the first dimension, the same on all ranks in all others
     * @return a new array in 'c' order
     */
    public INDArray allGather(INDArray own) {
        DataType type = NativeArrays.elementType(own);
        long[] lengths = new long[communicator.size()];
        communicator.allGather(
                MemorySegment.ofArray(new long[] {own.size(0)}), MemorySegment.ofArray(lengths), DataType.I64);
        long[] shape = own.shape().clone();
        shape[0] = Arrays.stream(lengths).sum();
        INDArray all = Nd4j.create(own.dataType(), shape, ROWS_FIRST);
        long elementsOfRow = own.length() / Math.max(1, own.size(0));
        long[] counts =
                Arrays.stream(lengths).map(length -> length * elementsOfRow).toArray();
        read(own, elements -> write(all, them -> communicator.allGatherV(elements, them, counts, type)));
        return all;
    }

    /**
     * Combines gradients, as SameDiff's {@code calculateGradients} returns them, in one exchange a type.
     *
     * @param gradients by variable, the same names on every rank; overwritten
     */
    public void allReduce(Map<String, INDArray> gradients, ReduceOp op) {
        Map<DataType, List<INDArray>> byType = new EnumMap<>(DataType.class);
        new TreeMap<>(gradients)
                .forEach((name, array) -> byType.computeIfAbsent(
                                NativeArrays.elementType(array), type -> new ArrayList<>())
                        .add(array));
        byType.forEach((type, arrays) -> allReduce(type, arrays, op));
    }

    private void allReduce(DataType type, List<INDArray> arrays, ReduceOp op) {
        long length = arrays.stream().mapToLong(INDArray::length).sum() * type.sizeBytes();
        MemorySegment all = flat.get(type);
        if (all == null || all.byteSize() != length) {
            all = Arena.ofAuto().allocate(length, 64);
            flat.put(type, all);
        }
        List<INDArray> rows = arrays.stream().map(DistributedArrays::rowsFirst).toList();
        long offset = 0;
        for (INDArray each : rows) {
            MemorySegment elements = NativeArrays.segment(each);
            MemorySegment.copy(elements, 0, all, offset, elements.byteSize());
            offset += elements.byteSize();
        }
        communicator.allReduce(all, type, op);
        offset = 0;
        for (int i = 0; i < arrays.size(); i++) {
            MemorySegment elements = NativeArrays.segment(rows.get(i));
            MemorySegment.copy(all, offset, elements, 0, elements.byteSize());
            putBack(rows.get(i), arrays.get(i));
            offset += elements.byteSize();
        }
    }

    /** Uses an array's elements, row by row. */
    private static void read(INDArray array, Consumer<MemorySegment> use) {
        INDArray rows = rowsFirst(array);
        try {
            use.accept(NativeArrays.segment(rows));
        } finally {
            Reference.reachabilityFence(rows); // so far its memory was used by address
        }
    }

    /** The same, and puts them back into the array. */
    private static void write(INDArray array, Consumer<MemorySegment> use) {
        INDArray rows = rowsFirst(array);
        read(rows, use);
        putBack(rows, array);
    }

    private static DataType typeOf(INDArray one, INDArray other) {
        DataType type = NativeArrays.elementType(one);
        if (NativeArrays.elementType(other) != type) {
            throw new IllegalArgumentException("an array of type " + one.dataType() + " and one of type "
                    + other.dataType() + " can't be exchanged: cast one");
        }
        return type;
    }

    private static boolean liesRowsFirst(INDArray array) {
        return array.length() <= 1 || (array.ordering() == ROWS_FIRST && array.elementWiseStride() == 1);
    }

    private static INDArray rowsFirst(INDArray array) {
        return liesRowsFirst(array) ? array : array.dup(ROWS_FIRST);
    }

    private static void putBack(INDArray rows, INDArray array) {
        if (!liesRowsFirst(array)) {
            array.assign(rows);
        }
    }
}
