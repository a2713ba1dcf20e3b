package io.kolo.allreduce;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.kernels.Kernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** Ranks on a thread each: over memory lines, or over shared memory, which each maps by itself as a process would. */
final class ThreadRing implements AutoCloseable {
    private static final int LINE_BYTES = 1 << 17;
    private static final long DEADLINE_S = 300;

    /** What a rank does. */
    @FunctionalInterface
    interface Part<T> {
        T run(Communicator communicator) throws Exception;
    }

    private final List<Communicator> communicators = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    ThreadRing(int size, Duration timeout) {
        Lines[] lines = MemoryLines.of(size, LINE_BYTES);
        for (int rank = 0; rank < size; rank++) {
            communicators.add(new Communicator(new Ring(1, 42, rank, size), lines[rank], Kernels.probe(), timeout));
        }
    }

    ThreadRing(int size, Duration timeout, Path folder) throws Exception {
        this(size, timeout);
        List<Boolean> shared = run(communicator -> communicator.shareMemory(HostParts.once(folder)));
        assertTrue(size == 1 || !shared.contains(false), "all ranks share memory");
    }

    /** Hosts of as many ranks each: those of one have a folder in common. */
    static ThreadRing onHosts(Duration timeout, Path folder, int... hosts) throws Exception {
        ThreadRing ring = new ThreadRing(IntStream.of(hosts).sum(), timeout);
        List<Path> folders = new ArrayList<>();
        for (int host = 0; host < hosts.length; host++) {
            Path own = Files.createDirectories(folder.resolve("host-" + host));
            folders.addAll(Collections.nCopies(hosts[host], own));
        }
        var unused =
                ring.run(communicator -> communicator.shareMemory(HostParts.once(folders.get(communicator.rank()))));
        return ring;
    }

    Communicator rank(int rank) {
        return communicators.get(rank);
    }

    /** Has each rank do its part; returns what each returned, or throws what the first one threw. */
    <T> List<T> run(Part<T> part) throws Exception {
        List<T> results = new ArrayList<>();
        for (Future<T> future : start(part)) {
            results.add(future.get(DEADLINE_S, TimeUnit.SECONDS));
        }
        return results;
    }

    /** Has each rank do its part; returns what each threw, null if nothing. */
    List<Throwable> failures(Part<?> part) throws Exception {
        List<Throwable> failures = new ArrayList<>();
        for (Future<?> future : start(part)) {
            try {
                future.get(DEADLINE_S, TimeUnit.SECONDS);
                failures.add(null);
            } catch (ExecutionException e) {
                failures.add(e.getCause());
            }
        }
        return failures;
    }

    private <T> List<Future<T>> start(Part<T> part) {
        List<Future<T>> futures = new ArrayList<>();
        for (Communicator communicator : communicators) {
            Callable<T> call = () -> part.run(communicator);
            futures.add(threads.submit(call));
        }
        return futures;
    }

    @Override
    public void close() {
        communicators.forEach(Communicator::close);
        threads.shutdownNow();
    }
}
