package io.kolo.allreduce;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.kernels.DataType;
import io.kolo.kernels.Kernels;
import io.kolo.kernels.ReduceOp;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * A rank in a process of its own, told by lines on its standard input what to do, for tests that stop and kill it:
 *
 * <ul>
 *   <li>{@code form GENERATION RANK ADDRESS...}: joins a World; answers {@code formed MICROSECONDS}
 *   <li>{@code others gone}, or {@code there}: whether those that are not in the next World are gone
 *   <li>{@code work SEED}: does collectives, and checks them, until one fails; answers {@code failed ERROR CULPRIT
 *       MICROSECONDS}, the time that a pending one has taken to end
 *   <li>{@code abort CULPRIT}: what it is doing ends
 *   <li>{@code check}: does a few collectives; answers {@code checked}
 *   <li>{@code litmus ROUNDS}: exchanges numbers that change, in all ways; answers {@code COUNT stale}
 *   <li>{@code fill}, {@code digest}, {@code old}: fills its shared memory; answers the digest of it, and of that of
 *       the World before
 *   <li>{@code forget}: leaves the World before
 * </ul>
 */
final class RankProcess {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int FLOATS = 1 << 20;
    private static final int OPERATIONS = 6;

    private final AeronEndpoint endpoint;
    private final HostParts parts;
    private final MemorySegment own = Arena.global().allocate(FLOATS * 4L, 64);
    private Communicator communicator = alone();
    private Communicator before = communicator;
    private MemorySegment shared = MemorySegment.NULL;
    private MemorySegment sharedBefore = MemorySegment.NULL;
    private boolean othersAreGone;
    private volatile long abortedNs;
    private long enteredNs;

    private RankProcess(Path folder) throws IOException {
        Path own = Files.createDirectory(
                folder.resolve("parts-" + ProcessHandle.current().pid()));
        this.parts = HostParts.kept(folder, own, () -> othersAreGone);
        this.endpoint = AeronEndpoint.open(
                folder.resolve("aeron-" + ProcessHandle.current().pid()), "127.0.0.1", TIMEOUT);
    }

    private static Communicator alone() {
        return new Communicator(new Ring(0, 0, 0, 1), MemoryLines.of(1, 1 << 16)[0], Kernels.probe(), TIMEOUT);
    }

    public static void main(String[] args) throws IOException {
        RankProcess rank = new RankProcess(Path.of(args[0]));
        say("address " + rank.endpoint.address());
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                rank.obey(List.of(line.split(" ", -1)));
            }
        }
        rank.endpoint.close();
    }

    private static void say(String line) {
        System.out.println(line);
    }

    private void obey(List<String> words) {
        switch (words.getFirst()) {
            case "form" -> form(words);
            case "others" -> othersAreGone = words.get(1).equals("gone");
            case "work" -> Thread.ofPlatform().daemon().start(() -> work(Long.parseLong(words.get(1))));
            case "abort" -> {
                abortedNs = System.nanoTime();
                communicator.abort(Integer.parseInt(words.get(1)), "is gone");
            }
            case "check" -> {
                SplittableRandom random = new SplittableRandom(1);
                for (int i = 0; i < OPERATIONS; i++) {
                    operate(i, random);
                }
                say("checked");
            }
            case "litmus" -> say(stale(Integer.parseInt(words.get(1))) + " stale");
            case "fill" -> {
                for (long i = 0; i < FLOATS; i++) {
                    shared.setAtIndex(JAVA_FLOAT, i, (float) (communicator.rank() * 7L + i));
                }
                say("filled");
            }
            case "digest" -> say("digest " + digest(shared));
            case "old" -> say("old " + digest(sharedBefore));
            case "forget" -> {
                before.close();
                say("forgotten");
            }
            default -> throw new IllegalArgumentException(words.toString());
        }
    }

    private void form(List<String> words) {
        long startNs = System.nanoTime();
        before = communicator;
        sharedBefore = shared;
        int generation = Integer.parseInt(words.get(1));
        int rank = Integer.parseInt(words.get(2));
        List<String> addresses = words.subList(3, words.size());
        Ring ring = new Ring(generation, generation * 7919L, rank, addresses.size());
        communicator = new Communicator(ring, endpoint.connect(addresses, ring, TIMEOUT), Kernels.probe(), TIMEOUT);
        if (!communicator.shareMemory(parts)) {
            throw new IllegalStateException("no shared memory");
        }
        long formedNs = System.nanoTime();
        shared = communicator.allocate(FLOATS * 4L);
        communicator.barrier();
        say("formed " + (formedNs - startNs) / 1000);
    }

    private void work(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try {
            for (int i = 0; ; i++) {
                operate(i, random);
            }
        } catch (CollectiveAbortedException e) {
            say("failed " + e.getClass().getSimpleName() + " " + e.culprit() + " "
                    + Math.min(System.nanoTime() - abortedNs, System.nanoTime() - enteredNs) / 1000);
        } catch (RuntimeException | Error e) {
            say("failed " + e);
        }
    }

    /** One collective of floats, its kind, memory and length drawn; all must come out right. */
    private void operate(int number, SplittableRandom random) {
        MemorySegment memory = random.nextInt(4) == 0 ? own : shared;
        int count = random.nextInt(4) == 0 ? random.nextInt(1, 4096) : random.nextInt(1, FLOATS);
        MemorySegment buffer = memory.asSlice(0, count * 4L);
        float value = number % 7 + 1;
        int size = communicator.size();
        float sum = value * size * (size + 1) / 2;
        fill(buffer, value * (communicator.rank() + 1));
        enteredNs = System.nanoTime();
        switch (random.nextInt(4)) {
            case 0, 1 -> {
                communicator.allReduce(buffer, DataType.F32, ReduceOp.SUM);
                check(buffer, sum);
            }
            case 2 -> {
                MemorySegment own = communicator.segment(buffer, DataType.F32);
                communicator.reduceScatter(buffer, own, DataType.F32, ReduceOp.SUM);
                check(own, sum);
            }
            default -> {
                communicator.broadcast(buffer, DataType.F32, number % size);
                check(buffer, value * (number % size + 1));
            }
        }
    }

    /** Returns in how many of the rounds an element was not of that round. */
    private int stale(int rounds) {
        long[] values = new long[64];
        MemorySegment onHeap = MemorySegment.ofArray(values);
        MemorySegment direct = shared.asSlice(0, 4096);
        MemorySegment staged = own.asSlice(0, 20_000);
        int right = (communicator.rank() + 1) % communicator.size();
        int stale = 0;
        for (long round = 1; round <= rounds; round++) {
            long value = round * (communicator.rank() + 1);
            long sum = round * communicator.size() * (communicator.size() + 1) / 2;
            MemorySegment buffer = round % 4 == 0 ? direct : round % 4 == 1 ? staged : onHeap;
            for (long i = 0; i < buffer.byteSize() / Long.BYTES; i++) {
                buffer.set(JAVA_LONG_UNALIGNED, i * Long.BYTES, value);
            }
            if (round % 4 == 3) {
                sum = round * (right + 1); // of two ranks, each has the other's
                MemorySegment sent = MemorySegment.ofArray(values.clone());
                if (communicator.rank() == 0) {
                    communicator.send(sent, DataType.I64, right);
                    communicator.receive(buffer, DataType.I64, right);
                } else {
                    communicator.receive(buffer, DataType.I64, right);
                    communicator.send(sent, DataType.I64, right);
                }
            } else {
                communicator.allReduce(buffer, DataType.I64, ReduceOp.SUM);
            }
            for (long i = 0; i < buffer.byteSize() / Long.BYTES; i++) {
                if (buffer.get(JAVA_LONG_UNALIGNED, i * Long.BYTES) != sum) {
                    stale++;
                    break;
                }
            }
        }
        return stale;
    }

    private static void fill(MemorySegment buffer, float value) {
        for (long i = 0; i < buffer.byteSize() / 4; i++) {
            buffer.setAtIndex(JAVA_FLOAT, i, value);
        }
    }

    private static void check(MemorySegment buffer, float expected) {
        for (long i = 0; i < buffer.byteSize() / 4; i++) {
            float actual = buffer.getAtIndex(JAVA_FLOAT, i);
            if (actual != expected) {
                throw new IllegalStateException("element " + i + " is " + actual + ", not " + expected);
            }
        }
    }

    private static long digest(MemorySegment memory) {
        CRC32C digest = new CRC32C();
        digest.update(memory.toArray(JAVA_BYTE));
        return digest.getValue();
    }
}
