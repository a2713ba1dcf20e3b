package io.kolo.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Seeded;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Seeded
class HalvesTest {
    private static final int ALL = 1 << 16;

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void shouldKeepEveryHalfThatIsANumber(DataType type) {
        short[] halves = new short[ALL];
        for (int i = 0; i < ALL; i++) {
            halves[i] = (short) i;
        }
        float[] floats = widen(type, halves);
        short[] back = narrow(type, floats);
        for (int i = 0; i < ALL; i++) {
            if (Float.isNaN(floats[i])) {
                assertTrue(Float.isNaN(widen(type, new short[] {back[i]})[0]), "NaN " + i);
            } else {
                assertEquals((short) i, back[i], "of " + floats[i]);
            }
        }
    }

    /** The neighbours of the rounded number are not nearer; of two that are equally near it is the even one. */
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void shouldRoundToTheNearestAndTiesToEven(DataType type, SplittableRandom random) {
        for (int i = 0; i < 100_000; i++) {
            short below = (short) (random.nextInt(type == DataType.F16 ? 0x7bff : 0x7f7f) & 0x7fff);
            float low = widen(type, new short[] {below})[0];
            float high = widen(type, new short[] {(short) (below + 1)})[0];
            short even = (below & 1) == 0 ? below : (short) (below + 1);
            float middle = (float) (((double) low + high) / 2);
            assertEquals(even, narrow(type, new float[] {middle})[0], "halfway from " + low + " to " + high);
            assertEquals(below, narrow(type, new float[] {Math.nextDown(middle)})[0], "just below " + middle);
            assertEquals((short) (below + 1), narrow(type, new float[] {Math.nextUp(middle)})[0], "above " + middle);
            assertEquals(
                    (short) (even | 0x8000), narrow(type, new float[] {-middle})[0], "halfway, below zero: " + middle);
        }
    }

    private static float[] widen(DataType type, short[] halves) {
        float[] floats = new float[halves.length];
        Halves.widen(type, MemorySegment.ofArray(halves), 0, MemorySegment.ofArray(floats), 0, halves.length);
        return floats;
    }

    private static short[] narrow(DataType type, float[] floats) {
        short[] halves = new short[floats.length];
        Halves.narrow(type, MemorySegment.ofArray(floats), 0, MemorySegment.ofArray(halves), 0, floats.length);
        return halves;
    }
}
