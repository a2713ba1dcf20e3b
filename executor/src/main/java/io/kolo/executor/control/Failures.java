package io.kolo.executor.control;

import io.kolo.executor.control.proto.Cause;
import io.kolo.executor.control.proto.Failure;
import io.kolo.executor.control.proto.Frame;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Throwables as messages: by name, text and stack, since their classes may not exist, or not serialize, at the driver.
 */
public final class Failures {
    private static final int MAX_CAUSES = 10;
    private static final int MAX_FRAMES = 200;
    private static final int MAX_MESSAGE = 64 * 1024;

    private Failures() {}

    /** Describes a throwable of run {@code run} and its causes. */
    public static Failure describe(Throwable thrown, int run) {
        Failure.Builder failure = Failure.newBuilder().setRun(run);
        Throwable next = thrown;
        while (next != null && failure.getCausesCount() < MAX_CAUSES) {
            failure.addCauses(describe(next));
            next = orElse(next::getCause, null);
        }
        return failure.build();
    }

    private static Cause describe(Throwable thrown) {
        Cause.Builder cause = Cause.newBuilder()
                .setType(thrown.getClass().getName())
                .setMessage(shortened(Optional.ofNullable(orElse(thrown::getMessage, "its message can't be told"))
                        .orElse("")));
        StackTraceElement[] stack =
                Optional.ofNullable(orElse(thrown::getStackTrace, null)).orElseGet(() -> new StackTraceElement[0]);
        for (StackTraceElement element : Arrays.copyOf(stack, Math.min(stack.length, MAX_FRAMES))) {
            cause.addFrames(Frame.newBuilder()
                    .setClassName(element.getClassName())
                    .setMethod(element.getMethodName())
                    .setFile(Optional.ofNullable(element.getFileName()).orElse(""))
                    .setLine(element.getLineNumber()));
        }
        return cause.build();
    }

    /** A user's throwable is the user's code: what it does when it is asked must not hide that it was thrown. */
    @SuppressWarnings("CatchingUnchecked")
    private static <T extends @Nullable Object> T orElse(Supplier<T> asked, T otherwise) {
        try {
            return asked.get();
        } catch (Throwable e) {
            return otherwise;
        }
    }

    /** A message above gRPC's 4 MiB would end the stream, and look like the loss of the worker. */
    private static String shortened(String message) {
        return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE) + "...";
    }

    /** Returns the stack of a described throwable. */
    public static StackTraceElement[] stack(Cause cause) {
        return cause.getFramesList().stream()
                .map(frame -> new StackTraceElement(
                        frame.getClassName(), frame.getMethod(), frame.getFile(), frame.getLine()))
                .toArray(StackTraceElement[]::new);
    }
}
