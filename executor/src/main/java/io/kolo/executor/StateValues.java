package io.kolo.executor;

import com.google.protobuf.ByteString;
import io.kolo.executor.control.proto.Doubles;
import io.kolo.executor.control.proto.Floats;
import io.kolo.executor.control.proto.Longs;
import io.kolo.executor.control.proto.Value;
import java.util.Arrays;
import java.util.List;

/** Plain values as bytes, and back. */
final class StateValues {
    private StateValues() {}

    /**
     * Returns a value as it travels.
     *
     * @throws IllegalArgumentException if it is of no type that travels
     */
    static Value encode(String name, Object value) {
        Value.Builder encoded = Value.newBuilder();
        return switch (value) {
            case Boolean flag -> encoded.setBool(flag).build();
            case Integer number -> encoded.setInt(number).build();
            case Long number -> encoded.setLong(number).build();
            case Float number -> encoded.setFloat(number).build();
            case Double number -> encoded.setDouble(number).build();
            case String text -> encoded.setString(text).build();
            case byte[] bytes -> encoded.setBytes(ByteString.copyFrom(bytes)).build();
            case float[] floats -> {
                Floats.Builder list = Floats.newBuilder();
                for (float each : floats) {
                    list.addValues(each);
                }
                yield encoded.setFloats(list).build();
            }
            case double[] doubles ->
                encoded.setDoubles(Doubles.newBuilder()
                                .addAllValues(Arrays.stream(doubles).boxed().toList()))
                        .build();
            case long[] longs ->
                encoded.setLongs(Longs.newBuilder()
                                .addAllValues(Arrays.stream(longs).boxed().toList()))
                        .build();
            default ->
                throw new IllegalArgumentException("the value " + name + " is a "
                        + value.getClass().getName()
                        + ": give a boolean, int, long, float, double, String, or an array of bytes, longs, floats or"
                        + " doubles, or a handler for it");
        };
    }

    /** Returns the value that was encoded. */
    static Object decode(Value value) {
        return switch (value.getKindCase()) {
            case BOOL -> value.getBool();
            case INT -> value.getInt();
            case LONG -> value.getLong();
            case FLOAT -> value.getFloat();
            case DOUBLE -> value.getDouble();
            case STRING -> value.getString();
            case BYTES -> value.getBytes().toByteArray();
            case FLOATS -> floats(value.getFloats().getValuesList());
            case DOUBLES ->
                value.getDoubles().getValuesList().stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray();
            case LONGS ->
                value.getLongs().getValuesList().stream()
                        .mapToLong(Long::longValue)
                        .toArray();
            case KIND_NOT_SET -> throw new IllegalStateException("a value of a type that this version does not know");
        };
    }

    private static float[] floats(List<Float> list) {
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i);
        }
        return floats;
    }
}
