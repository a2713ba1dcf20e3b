package io.kolo.executor.control;

import java.io.Externalizable;
import java.io.NotSerializableException;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamField;
import java.io.Serializable;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the way to what cannot be serialized. Java says only of which class it is, not who holds it; a user has to know
 * the field.
 */
final class NotSerializable {
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    private NotSerializable() {}

    static String describe(@Nullable Object root, NotSerializableException cause) {
        String way = new NotSerializable().find(root, "it");
        return (way != null ? way : "it holds a " + cause.getMessage() + ", which is not serializable")
                + ". Make that class Serializable, declare the field transient, or create the object in the function.";
    }

    /** Returns a sentence about the first culprit below {@code object}, or null. */
    private @Nullable String find(@Nullable Object object, String name) {
        if (object == null || object instanceof String || object instanceof Number || !seen.add(object)) {
            return null;
        }
        if (!(object instanceof Serializable)) {
            return name + " is a " + object.getClass().getName() + ", which is not serializable";
        }
        SerializedLambda lambda = lambda(object);
        if (lambda != null) {
            return findInLambda(lambda);
        }
        return switch (object) {
            case Externalizable writesItself -> null;
            case Object[] array -> findInAll(Arrays.asList(array), "an element of " + name);
            case Collection<?> elements -> findInAll(elements, "an element of " + name);
            case Map<?, ?> map -> {
                String key = findInAll(map.keySet(), "a key of " + name);
                yield key != null ? key : findInAll(map.values(), "a value of " + name);
            }
            default -> findInFields(object);
        };
    }

    private @Nullable String findInLambda(SerializedLambda lambda) {
        String owner = lambda.getCapturingClass().replace('/', '.');
        for (int i = 0; i < lambda.getCapturedArgCount(); i++) {
            Object captured = lambda.getCapturedArg(i);
            boolean isThis = captured != null && captured.getClass().getName().equals(owner);
            String name = isThis
                    ? "'this', captured by the lambda in " + owner + ","
                    : "captured variable " + (i + 1) + " of the lambda in " + owner;
            String way = find(captured, name);
            if (way != null) {
                return way;
            }
        }
        return null;
    }

    private @Nullable String findInAll(Collection<?> elements, String name) {
        for (Object element : elements) {
            String way = find(element, name);
            if (way != null) {
                return way;
            }
        }
        return null;
    }

    private @Nullable String findInFields(Object object) {
        for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
            ObjectStreamClass description = ObjectStreamClass.lookup(type);
            if (description == null) {
                return null; // the first superclass that is not serializable is not written
            }
            for (ObjectStreamField field : description.getFields()) {
                String way = find(
                        value(type, field.getName(), object), "field '" + field.getName() + "' of " + type.getName());
                if (way != null) {
                    return way;
                }
            }
        }
        return null;
    }

    private static @Nullable Object value(Class<?> type, String name, Object object) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(object);
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            return null; // a class that hides its fields: Java's own message has to do
        }
    }

    private static @Nullable SerializedLambda lambda(Object object) {
        if (!object.getClass().isHidden()) {
            return null;
        }
        try {
            Method replace = object.getClass().getDeclaredMethod("writeReplace");
            replace.setAccessible(true);
            return replace.invoke(object) instanceof SerializedLambda lambda ? lambda : null;
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            return null;
        }
    }
}
