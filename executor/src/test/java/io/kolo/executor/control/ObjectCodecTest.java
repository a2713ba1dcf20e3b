package io.kolo.executor.control;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ObjectCodecTest {
    private interface Task extends Serializable {
        Object run();
    }

    private static final class Box implements Serializable {
        private static final long serialVersionUID = 1L;

        @SuppressWarnings({"serial", "UnusedVariable"}) // what it holds is what is tested
        private final Object content;

        Box(Object content) {
            this.content = content;
        }
    }

    private static String refusal(Object object) {
        return assertThrows(IllegalArgumentException.class, () -> ObjectCodec.write(object, "the training function"))
                .toString();
    }

    private static Object roundTrip(Object object) {
        ByteString bytes = ObjectCodec.write(object, "it");
        return requireNonNull(ObjectCodec.read(bytes, ObjectCodecTest.class.getClassLoader(), "it"));
    }

    @Test
    void shouldBringALambdaBack() {
        List<Integer> captured = List.of(1, 2, 3);
        assertEquals(captured, ((Task) roundTrip((Task) () -> captured)).run());
    }

    @Test
    void shouldBringPrimitiveClassesArraysAndEnumsBack() {
        Map<String, Object> map = new TreeMap<>(Map.of("a", int.class, "b", Thread.State.NEW));
        assertEquals(map, roundTrip(map));
    }

    @Test
    void shouldNameTheFieldDeepInAnObject() {
        String message = refusal(new Box(new ArrayList<>(List.of(new Box(Thread.currentThread())))));
        assertTrue(message.contains("field 'content' of " + Box.class.getName() + " is a java.lang.Thread"), message);
    }

    @Test
    void shouldNameAnElementAKeyAndAValue() {
        Object thread = Thread.currentThread();
        assertTrue(refusal(new Box(List.of(1, thread))).contains("an element of field 'content'"));
        assertTrue(refusal(new Box(new Object[] {thread})).contains("an element of field 'content'"));
        assertTrue(refusal(new Box(Set.of(thread))).contains("an element of field 'content'"));
        assertTrue(refusal(new Box(Map.of(thread, 1))).contains("a key of field 'content'"));
        assertTrue(refusal(new Box(Map.of(1, thread))).contains("a value of field 'content'"));
    }

    @Test
    void shouldNameTheVariableThatALambdaCaptures() {
        int number = 1;
        Thread thread = Thread.currentThread();
        String message = refusal((Task) () -> number + thread.getName());
        assertTrue(
                message.contains("captured variable 2 of the lambda in " + ObjectCodecTest.class.getName()), message);
        assertTrue(message.contains("is a java.lang.Thread"), message);
    }

    @Test
    void shouldSayThatALambdaCapturesThis() {
        String message = refusal((Task) this::toString);
        assertTrue(message.contains("'this', captured by the lambda in " + ObjectCodecTest.class.getName()), message);
    }

    @Test
    void shouldSayWhatCanNotBeReadInsteadOfThrowingAnythingElse() {
        ByteString bytes = ByteString.copyFromUtf8("\0")
                .concat(ObjectCodec.write("text", "it").substring(1));
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> ObjectCodec.read(bytes, ObjectCodecTest.class.getClassLoader(), "the result of rank 1"));
        assertTrue(error.toString().contains("the result of rank 1 can't be read here"), error.toString());
    }
}
