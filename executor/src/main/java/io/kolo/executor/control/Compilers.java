package io.kolo.executor.control;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** The JVM's compilers, whose threads take the cores from processes that wait for each other. */
public final class Compilers {
    private static final System.Logger LOG = System.getLogger(Compilers.class.getName());
    private static final long MOST_SETTLING_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long SETTLING_TURN_MS = 50;
    private static final long COMPILING_MS = 10;

    private static final Path THREADS = Path.of("/proc/self/task");
    private static final String COMPILER = "CompilerThre"; // the kernel keeps 15 characters of a thread's name

    /** A thread of this nice value has a tenth of a core that others want, and the whole of one that nobody wants. */
    private static final int NICE = 10;

    private static final int PRIO_PROCESS = 0;

    private Compilers() {}

    /**
     * Waits until they have compiled most of what has run by now, but not for long. From then on they give way to all
     * other threads, and so do those that they start: what matters is compiled.
     */
    public static void settle() {
        awaitMost();
        giveWay();
    }

    private static void awaitMost() {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        if (compiler == null || !compiler.isCompilationTimeMonitoringSupported()) {
            return;
        }
        long deadlineNs = System.nanoTime() + MOST_SETTLING_NS;
        long compiledMs;
        do {
            compiledMs = compiler.getTotalCompilationTime();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(SETTLING_TURN_MS));
        } while (compiler.getTotalCompilationTime() - compiledMs > COMPILING_MS && System.nanoTime() - deadlineNs < 0);
    }

    /** On Linux a thread has a nice value of its own (setpriority(2)); elsewhere nothing happens. */
    private static void giveWay() {
        if (!Files.isDirectory(THREADS)) {
            return;
        }
        MethodHandle setPriority = setPriority();
        try (Stream<Path> threads = Files.list(THREADS)) {
            for (Path thread : threads.toList()) {
                if (isCompiler(thread)) {
                    int id = Integer.parseInt(thread.getFileName().toString());
                    int unused = (int) setPriority.invokeExact(PRIO_PROCESS, id, NICE);
                }
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the compilers don't give way", e);
        } catch (Throwable e) { // as the handle declares it; functions of C throw nothing
            throw new LinkageError("setpriority can't be called", e);
        }
    }

    private static boolean isCompiler(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).contains(COMPILER);
        } catch (IOException e) {
            return false; // it has ended
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle setPriority() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setpriority"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }
}
