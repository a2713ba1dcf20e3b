package io.kolo.dl4j;

import io.kolo.kernels.DataType;
import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** ND4J arrays as memory: the one place of this module that turns addresses into segments. */
final class NativeArrays {
    private NativeArrays() {}

    /** Returns the array's elements in place; they must lie side by side, as DL4J's flat arrays do. */
    @SuppressWarnings("restricted")
    static MemorySegment segment(INDArray array) {
        if (array.isEmpty()) {
            return MemorySegment.NULL;
        }
        if (array.length() > 1 && array.elementWiseStride() != 1) {
            throw new IllegalArgumentException(
                    "the elements of an array of shape " + array.shapeInfoToString() + " do not lie side by side");
        }
        int elementBytes = elementType(array).sizeBytes();
        // data().address() is that of the whole buffer, of which the array may be a view.
        long address = array.data().address() + array.offset() * elementBytes;
        return MemorySegment.ofAddress(address).reinterpret(array.length() * elementBytes);
    }

    /**
     * Returns an array over memory, which must outlive it.
     *
     * @param memory of as many elements as {@code like} has
     * @param like of the shape, order and type that is wanted
     */
    static INDArray over(MemorySegment memory, INDArray like) {
        Pointer pointer = type(like) == DataType.F32
                ? new Floats(memory.address(), like.length())
                : new Doubles(memory.address(), like.length());
        DataBuffer buffer = Nd4j.createBuffer(pointer, like.length(), like.dataType());
        return Nd4j.create(buffer, like.shape(), like.stride(), 0, like.ordering());
    }

    /** JavaCPP's pointers to memory that is not theirs. */
    private static final class Floats extends FloatPointer {
        Floats(long address, long length) {
            super((Pointer) null);
            this.address = address;
            this.limit = length;
            this.capacity = length;
        }
    }

    private static final class Doubles extends DoublePointer {
        Doubles(long address, long length) {
            super((Pointer) null);
            this.address = address;
            this.limit = length;
            this.capacity = length;
        }
    }

    /**
     * Returns the type of the elements of a network's array.
     *
     * @throws IllegalArgumentException for a type that networks can't be distributed in
     */
    static DataType type(INDArray array) {
        DataType type = elementType(array);
        if (type != DataType.F32 && type != DataType.F64) {
            throw new IllegalArgumentException(
                    "networks of type " + array.dataType() + " can't be distributed: use FLOAT or DOUBLE");
        }
        return type;
    }

    /**
     * Returns the type of an array's elements.
     *
     * @throws IllegalArgumentException for a type that can't be exchanged
     */
    static DataType elementType(INDArray array) {
        return switch (array.dataType()) {
            case FLOAT -> DataType.F32;
            case DOUBLE -> DataType.F64;
            case HALF -> DataType.F16;
            case BFLOAT16 -> DataType.BF16;
            case INT -> DataType.I32;
            case LONG -> DataType.I64;
            case BYTE -> DataType.I8;
            case UBYTE -> DataType.U8;
            case BOOL -> DataType.BOOL;
            default -> throw new IllegalArgumentException("arrays of type " + array.dataType() + " can't be exchanged");
        };
    }
}
