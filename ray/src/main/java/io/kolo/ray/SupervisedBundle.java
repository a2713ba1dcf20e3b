package io.kolo.ray;

import io.kolo.executor.engine.WorkerJvm;
import io.kolo.ray.node.Frame;
import io.kolo.ray.node.JavaHomes;
import io.kolo.ray.node.Sealed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A bundle of the job on the cluster, and the workers in it, through the supervisor that is there. */
final class SupervisedBundle {
    private static final long NEWS_WAIT_MS = 1000;
    private static final Duration NEWS_TIMEOUT = Duration.ofDays(1); // the gateway says earlier if it is gone
    private static final Duration LAUNCH_TIMEOUT = Duration.ofSeconds(30);
    private static final int KILLED = 137;
    private static final long GONE = 0;

    private final Gateway gateway;
    private final long number;
    private final Map<String, RemoteWorker> workers = new ConcurrentHashMap<>();

    /** News of workers that a driver before this one has started, and whose names are expected. */
    private final List<Frame> unclaimed = new ArrayList<>();

    private Predicate<String> expected = name -> false;

    private final String nodeId;
    private final List<Integer> gpus;
    private final String java;
    private final byte[] publicKey;
    private String node = "";
    private String address = "";
    private final CountDownLatch lost = new CountDownLatch(1);

    /**
     * Waits for a supervisor to say where it is.
     *
     * @param number the supervisor's
     */
    SupervisedBundle(Gateway gateway, long number, Duration timeout) {
        this.gateway = gateway;
        this.number = number;
        Frame here = ask(
                Frame.of("describe"),
                timeout,
                "the supervisor of bundle " + number
                        + " to start (its node needs java on the path of Ray's processes)");
        this.nodeId = here.text(1);
        this.gpus = Stream.of(here.text(2).split(",", -1))
                .filter(gpu -> !gpu.isEmpty())
                .map(Integer::valueOf)
                .toList();
        this.java = here.text(3);
        this.publicKey = here.bytes(4);
    }

    /**
     * Begins to hear what becomes of the workers.
     *
     * @param name what its node is called
     * @param address where it is reached; both stay, whatever becomes of the node
     */
    void listen(String name, String address) {
        this.node = name;
        this.address = address;
        Thread.ofPlatform().daemon().name("kolo-news-" + number).start(this::readNews);
    }

    String node() {
        return node;
    }

    String address() {
        return address;
    }

    long number() {
        return number;
    }

    String nodeId() {
        return nodeId;
    }

    List<Integer> gpus() {
        return gpus;
    }

    /**
     * Returns the command for workers there.
     *
     * @throws IllegalStateException if there is none
     */
    String java() {
        if (java.isEmpty()) {
            throw new IllegalStateException(JavaHomes.missing("node " + node));
        }
        return java;
    }

    Frame ask(Frame request, Duration timeout, String what) {
        return gateway.ask(Frame.of("ask", number, request.encode()), timeout, what);
    }

    /** Starts a worker. */
    void launch(String name, Frame what, RemoteWorker worker) {
        workers.put(name, worker);
        Frame sealed = Sealed.seal(publicKey, what.encode()).under("launch");
        worker.started(ask(sealed, LAUNCH_TIMEOUT, name + " to be started").number(1));
    }

    /** Keeps what is heard of workers that a driver before this one has started, until they are taken over. */
    synchronized void expectOthers() {
        expected = name -> true;
    }

    /** Returns the names of the workers that live there, which a driver before this one has started. */
    List<String> living() {
        try {
            List<String> names = List.copyOf(children().keySet());
            expect(names);
            return names;
        } catch (CancellationException e) {
            throw e;
        } catch (IllegalStateException e) { // its node is gone
            return List.of();
        }
    }

    private synchronized void expect(List<String> names) {
        expected = new HashSet<>(names)::contains;
        unclaimed.removeIf(event -> !names.contains(event.text(1)));
    }

    private Map<String, Long> children() {
        Frame living = ask(Frame.of("children"), LAUNCH_TIMEOUT, "a supervisor to say who lives");
        Map<String, Long> children = new TreeMap<>();
        for (int i = 1; i < living.size(); i += 2) {
            children.put(living.text(i), living.number(i + 1));
        }
        return children;
    }

    /** Hears of a worker from now on that a driver before this one has started. */
    void takeOver(String name, RemoteWorker worker) {
        try {
            long pid = children().getOrDefault(name, GONE);
            worker.started(pid);
            claim(name, worker);
            if (pid == GONE || children().getOrDefault(name, GONE) != pid) { // now that its end would be heard of
                worker.ended(KILLED);
            }
        } catch (CancellationException e) {
            throw e;
        } catch (IllegalStateException e) { // its node is gone
            worker.ended(KILLED);
        }
    }

    private synchronized void claim(String name, RemoteWorker worker) {
        workers.put(name, worker);
        expected = expected.and(other -> !other.equals(name));
        List<Frame> itsOwn =
                unclaimed.stream().filter(event -> event.text(1).equals(name)).toList();
        unclaimed.removeAll(itsOwn);
        itsOwn.forEach(this::hear);
    }

    void kill(String name) {
        var unused = gateway.ask(Frame.of("ask", number, Frame.of("kill", name).encode()));
    }

    private void readNews() {
        long taken = 0;
        try {
            while (true) {
                Frame news = ask(Frame.of("news", taken, NEWS_WAIT_MS), NEWS_TIMEOUT, "news of bundle " + number);
                for (int i = 2; i < news.size(); i++) {
                    hear(Frame.decode(news.bytes(i)));
                }
                taken = news.number(1) + news.size() - 2;
            }
        } catch (RuntimeException e) {
            lost.countDown();
            workers.values().forEach(worker -> {
                if (!gateway.isClosed()) {
                    worker.line("its node is gone, or its supervisor there (" + e.getMessage() + ")");
                }
                worker.ended(KILLED);
            });
        }
    }

    /** Returns whether its supervisor is gone. */
    boolean isLost() {
        return lost.getCount() == 0;
    }

    /** Waits until its supervisor is gone, with its node or by itself. */
    void awaitLost() {
        try {
            lost.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts it
        }
    }

    private synchronized void hear(Frame event) {
        RemoteWorker worker = workers.get(event.text(1));
        if (worker == null) {
            if (expected.test(event.text(1))) {
                unclaimed.add(event);
            }
        } else if (event.word().equals("line")) {
            if (WorkerJvm.isToBeShown(event.text(2))) {
                worker.line(event.text(2));
            }
        } else if (worker.isProcess(event.number(3))) {
            workers.remove(event.text(1));
            worker.ended((int) event.number(2));
        }
    }
}
