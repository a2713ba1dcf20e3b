package io.kolo.ray;

import io.kolo.executor.engine.Placed;
import io.kolo.executor.engine.PlacementException;
import io.kolo.executor.engine.Resources;
import io.kolo.executor.engine.Strategy;
import io.kolo.ray.node.Frame;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The bundles of a job on the cluster. Those of a job whose workers stay are one placement group: all or nothing, so
 * that two jobs never wait for each other's half. Those of an elastic job are a group each: a lost node costs only its
 * own, and what is not there is at once the request to the autoscaler; one that is lost is asked for anew.
 */
final class Bundles implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Bundles.class.getName());
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration SUPERVISOR_TIMEOUT = Duration.ofMinutes(2);
    private static final int TURN_S = 5;
    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long NODES_POLL_NS = TimeUnit.MILLISECONDS.toNanos(50);

    /** For how long it waits for more than the least number of bundles. */
    private static final long GRACE_MS = 2000;

    private static final String HEAD = "node:__internal_head__";
    private static final double SLIVER = 0.001;

    /** Besides what is asked for. */
    private static final List<String> SHOWN = List.of(Resources.CPU, Resources.GPU);

    private final Gateway gateway;
    private final GcsClient gcs;
    private final Map<Integer, SupervisedBundle> here = new ConcurrentSkipListMap<>();
    private final AtomicInteger next = new AtomicInteger();

    /** What a driver before this one has asked for. */
    private final List<Integer> held = new ArrayList<>();

    /** Those of them that had a supervisor, of which nothing has been heard yet. */
    private final Set<Integer> unseen = new HashSet<>();

    private final Nodes nodes;

    /** Why a bundle was given up last. */
    private volatile String failure = "";

    private final Object headLock = new Object();
    private @Nullable SupervisedBundle onHead;
    private volatile boolean closed;

    Bundles(Gateway gateway, GcsClient gcs) {
        this.gateway = gateway;
        this.gcs = gcs;
        this.nodes = new Nodes(gcs);
    }

    /** Takes over what an elastic job had on the cluster when the driver before this one was killed. */
    void takeOver() {
        Frame there = gateway.ask(Frame.of("held"), CALL_TIMEOUT, "the gateway to say what there is");
        List<Integer> supervisors = numbers(there.bytes(2));
        held.addAll(numbers(there.bytes(1)));
        unseen.addAll(held);
        unseen.retainAll(supervisors);
        next.set(1 + Math.max(last(held), last(supervisors)));
        supervisors.removeAll(held);
        supervisors.forEach(this::takeOverOnHead);
    }

    private static List<Integer> numbers(byte[] frame) {
        return Frame.decode(frame).texts(1).stream()
                .map(Integer::valueOf)
                .sorted()
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private static int last(List<Integer> numbers) {
        return numbers.isEmpty() ? -1 : numbers.getLast();
    }

    private void takeOverOnHead(int number) {
        synchronized (headLock) {
            try {
                onHead = supervised(number, true, SUPERVISOR_TIMEOUT);
            } catch (IllegalStateException e) {
                LOG.log(System.Logger.Level.DEBUG, "supervisor " + number + " is gone", e);
            }
        }
    }

    /** Returns the bundles that are there, with what is on the head beside them, if anything is. */
    Map<Integer, SupervisedBundle> all() {
        Map<Integer, SupervisedBundle> all = new TreeMap<>(here);
        synchronized (headLock) {
            if (onHead != null) {
                all.put(Placed.APART, onHead);
            }
        }
        return all;
    }

    /**
     * Has room made for a job whose workers stay.
     *
     * @throws PlacementException if there is no room in time
     */
    void reserveTogether(Resources bundle, int count, Strategy strategy, Duration timeout) {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        group(0, count, bundle, strategy);
        if (!isPlaced(0, (int) Math.max(1, rest(deadlineNs).toSeconds()))) {
            throw refusal(bundle, count, strategy, timeout);
        }
        for (int number = 0; number < count; number++) {
            tell(Frame.of("supervise", number, 0, number));
        }
        next.set(count);
        for (int number = 0; number < count; number++) {
            add(supervised(number, false, rest(deadlineNs)));
        }
    }

    /**
     * Has room made for an elastic job, and keeps to it.
     *
     * @param least with fewer bundles it is refused
     * @param most so many are asked for
     * @throws PlacementException if there is no room for the least number in time
     */
    void reserveEach(Resources bundle, int least, int most, Strategy strategy, Duration timeout) {
        if (strategy == Strategy.STRICT_PACK || strategy == Strategy.STRICT_SPREAD) {
            throw new IllegalArgumentException(
                    strategy + " is for jobs whose workers stay: the bundles of an elastic job come each by itself");
        }
        for (int i = held.size(); i < most; i++) {
            held.add(next.getAndIncrement());
        }
        held.forEach(number ->
                Thread.ofPlatform().daemon().name("kolo-bundle-" + number).start(() -> keep(bundle, strategy, number)));
        awaitCount(least, timeout.toMillis());
        awaitSeen();
        throwIfClosed();
        if (here.size() < least) {
            throw refusal(bundle, least, strategy, timeout);
        }
        awaitCount(most, GRACE_MS);
    }

    private void throwIfClosed() {
        if (closed || Thread.currentThread().isInterrupted()) {
            throw new CancellationException("the executor was closed");
        }
    }

    private void group(int number, int count, Resources bundle, Strategy strategy) {
        List<Object> amounts = new ArrayList<>();
        new TreeMap<>(bundle.amounts()).forEach((resource, amount) -> amounts.addAll(List.of(resource, amount)));
        tell(Frame.of("reserve", number, strategy, count, amounts));
    }

    private boolean isPlaced(int group, int timeoutS) {
        Duration patience = Duration.ofSeconds(timeoutS).plus(CALL_TIMEOUT);
        return gateway.ask(Frame.of("await", group, timeoutS), patience, "a placement group")
                .word()
                .equals("placed");
    }

    /**
     * Has a bundle for as long as the job lasts. After a loss it is asked for anew: Ray would place it again by itself,
     * but as long as it can't, its control store (2.60) does nothing else, and takes a whole core for it.
     */
    private void keep(Resources amounts, Strategy strategy, int first) {
        int number = first;
        while (!closed) {
            try {
                SupervisedBundle bundle = isUnseen(number)
                        ? supervised(number, true, SUPERVISOR_TIMEOUT)
                        : placed(number, amounts, strategy);
                add(bundle);
                bundle.awaitLost();
            } catch (RuntimeException e) {
                failure = String.valueOf(e.getMessage());
                LOG.log(System.Logger.Level.DEBUG, "bundle " + number + " is given up, and asked for anew", e);
            } finally {
                here.remove(number);
                seen(number);
                var unused = gateway.ask(Frame.of("release", number));
            }
            LockSupport.parkNanos(RETRY_NS);
            number = next.getAndIncrement();
        }
    }

    private SupervisedBundle placed(int number, Resources amounts, Strategy strategy) {
        group(number, 1, amounts, strategy);
        while (!isPlaced(number, TURN_S)) {
            // It goes on being asked for.
        }
        tell(Frame.of("supervise", number, number, 0));
        return supervised(number, false, SUPERVISOR_TIMEOUT);
    }

    private void tell(Frame request) {
        var unused = gateway.ask(request, CALL_TIMEOUT, "the gateway to " + request.word());
    }

    /**
     * Waits for a supervisor to be there; its node may have come just before.
     *
     * @param before whether a driver before this one has started it, and workers there
     */
    private SupervisedBundle supervised(int number, boolean before, Duration timeout) {
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        SupervisedBundle bundle = new SupervisedBundle(gateway, number, timeout);
        while (!nodes.has(bundle.nodeId())) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException("the cluster does not know the node of bundle " + number + ", "
                        + bundle.nodeId() + ", within " + timeout.toSeconds() + " s");
            }
            throwIfClosed();
            nodes.lookAround();
            LockSupport.parkNanos(NODES_POLL_NS);
        }
        if (before) {
            bundle.expectOthers();
        }
        bundle.listen(nodes.name(bundle.nodeId()), nodes.address(bundle.nodeId()));
        return bundle;
    }

    private synchronized void add(SupervisedBundle bundle) {
        here.put((int) bundle.number(), bundle);
        seen((int) bundle.number());
    }

    private synchronized boolean isUnseen(int number) {
        return unseen.contains(number);
    }

    private synchronized void seen(int number) {
        unseen.remove(number);
        notifyAll();
    }

    /** Waits until it is known of each bundle of a driver before this one whether it is there still. */
    private synchronized void awaitSeen() {
        awaitUntil(unseen::isEmpty, SUPERVISOR_TIMEOUT.toMillis());
    }

    private synchronized void awaitCount(int count, long timeoutMs) {
        awaitUntil(() -> here.size() >= count, timeoutMs);
    }

    private synchronized void awaitUntil(BooleanSupplier over, long timeoutMs) {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        try {
            for (long leftMs = timeoutMs; !over.getAsBoolean() && leftMs > 0 && !closed; ) {
                wait(leftMs);
                leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Duration rest(long deadlineNs) {
        return Duration.ofNanos(Math.max(TimeUnit.SECONDS.toNanos(1), deadlineNs - System.nanoTime()));
    }

    /**
     * Returns a bundle.
     *
     * @throws IllegalStateException if it is lost
     */
    SupervisedBundle get(int number) {
        SupervisedBundle bundle = number == Placed.APART ? onHead() : here.get(number);
        if (bundle == null) {
            throw new IllegalStateException("bundle " + number + " is gone");
        }
        return bundle;
    }

    /** Starts a supervisor on the head's node, beside the bundles, for what the job needs there. */
    private SupervisedBundle onHead() {
        synchronized (headLock) {
            return livingOnHead();
        }
    }

    private SupervisedBundle livingOnHead() {
        if (onHead != null && !onHead.isLost()) {
            return onHead;
        }
        int number = next.getAndIncrement();
        tell(Frame.of("assist", number, HEAD, SLIVER));
        onHead = supervised(number, false, SUPERVISOR_TIMEOUT);
        return onHead;
    }

    /** Returns where bundles are, but for those on nodes that are to go. */
    List<Placed> placed() {
        List<Placed> placed = here.values().stream()
                .filter(bundle -> !nodes.isDraining(bundle.nodeId()))
                .map(bundle -> new Placed((int) bundle.number(), bundle.node(), bundle.gpus()))
                .toList();
        Map<String, Long> onNode = placed.stream().collect(Collectors.groupingBy(Placed::node, Collectors.counting()));
        return placed.stream()
                .sorted(Comparator.comparingLong((Placed each) -> -onNode.getOrDefault(each.node(), 0L))
                        .thenComparing(Placed::node)
                        .thenComparing(each -> each.gpus().toString())
                        .thenComparingInt(Placed::bundle))
                .toList();
    }

    /** Returns a bundle on each node that has one, by the node's id. */
    Map<String, SupervisedBundle> oneOnEachNode() {
        Map<String, SupervisedBundle> byNode = new LinkedHashMap<>();
        here.values().forEach(bundle -> byNode.putIfAbsent(bundle.nodeId(), bundle));
        return byNode;
    }

    private PlacementException refusal(Resources bundle, int count, Strategy strategy, Duration waited) {
        String described = gcs.nodes().stream()
                .map(node -> "\n  " + node.getNodeIpAddress() + ": free "
                        + shown(node.getAvailableResourcesMap(), bundle) + " of "
                        + shown(node.getTotalResourcesMap(), bundle))
                .sorted()
                .collect(Collectors.joining());
        return new PlacementException("no room for " + count + (count == 1 ? " bundle" : " bundles") + " of " + bundle
                + " (" + strategy + ") within " + waited.toSeconds()
                + " s; where the cluster has an autoscaler, it has been asked for it"
                + (failure.isEmpty() ? "" : "; where there was room: " + failure) + described);
    }

    private static Resources shown(Map<String, Double> amounts, Resources bundle) {
        Map<String, Double> shown = new TreeMap<>();
        amounts.forEach((resource, amount) -> {
            if (SHOWN.contains(resource) || bundle.amounts().containsKey(resource)) {
                shown.put(resource, resource.equals(Resources.GPU) ? Math.floor(amount) : amount);
            }
        });
        return new Resources(shown);
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
        nodes.close();
    }
}
