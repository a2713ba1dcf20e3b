package io.kolo.dl4j;

import io.kolo.allreduce.Communicator;
import io.kolo.executor.Worker;
import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
        INDArray rows = rowsFirst(array);
        communicator.allReduce(NativeArrays.segment(rows), NativeArrays.elementType(rows), op);
        putBack(rows, array);
    }

    /**
     * Copies the root's array into those of all other ranks.
     *
     * @param array overwritten, but at the root
     */
    public void broadcast(INDArray array, int root) {
        INDArray rows = rowsFirst(array);
        communicator.broadcast(NativeArrays.segment(rows), NativeArrays.elementType(rows), root);
        putBack(rows, array);
    }

    /**
     * Joins the arrays of all ranks along the first dimension, in the order of ranks.
     *
     * @param own of any length in the first dimension, the same on all ranks in all others
     * @return a new array in 'c' order
     */
    public INDArray allGather(INDArray own) {
        INDArray rows = rowsFirst(own);
        long[] lengths = new long[communicator.size()];
        communicator.allGather(
                MemorySegment.ofArray(new long[] {own.size(0)}), MemorySegment.ofArray(lengths), DataType.I64);
        long[] shape = own.shape().clone();
        shape[0] = Arrays.stream(lengths).sum();
        INDArray all = Nd4j.create(own.dataType(), shape, ROWS_FIRST);
        long elementsOfRow = own.length() / Math.max(1, own.size(0));
        long[] counts =
                Arrays.stream(lengths).map(length -> length * elementsOfRow).toArray();
        communicator.allGatherV(
                NativeArrays.segment(rows), NativeArrays.segment(all), counts, NativeArrays.elementType(own));
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
