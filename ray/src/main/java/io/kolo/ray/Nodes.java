package io.kolo.ray;

import io.kolo.ray.gcs.NodeState;
import io.kolo.ray.gcs.NodeStatus;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The nodes of a cluster, as its control store had them a second ago at most, by their ids in hexadecimal digits. */
final class Nodes implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Nodes.class.getName());
    private static final long INTERVAL_MS = 1000;
    private static final int ID_DIGITS = 8;

    private final GcsClient gcs;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("kolo-nodes").factory());
    private volatile Map<String, NodeState> nodes = Map.of();
    private final Map<String, String> names = new HashMap<>();

    Nodes(GcsClient gcs) {
        this.gcs = gcs;
        lookAround();
        var unused = timer.scheduleWithFixedDelay(this::lookAround, INTERVAL_MS, INTERVAL_MS, TimeUnit.MILLISECONDS);
    }

    /** Returns nodes by their ids. */
    static Map<String, NodeState> byId(Collection<NodeState> nodes) {
        return nodes.stream()
                .collect(Collectors.toMap(
                        node -> HexFormat.of().formatHex(node.getNodeId().toByteArray()), node -> node));
    }

    /** Asks the control store now. */
    void lookAround() {
        try {
            nodes = byId(gcs.nodes());
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, "the nodes are not known now", e);
        }
    }

    boolean has(String id) {
        return nodes.containsKey(id);
    }

    boolean isDraining(String id) {
        NodeState node = nodes.get(id);
        return node != null && node.getStatus() == NodeStatus.DRAINING;
    }

    String address(String id) {
        NodeState node = nodes.get(id);
        return node == null ? id : node.getNodeIpAddress();
    }

    /** Returns what a node is called: its address, unless another one is. */
    synchronized String name(String id) {
        String name = names.get(id);
        if (name == null) {
            names.keySet().retainAll(nodes.keySet()); // one that comes again is another one, with the same address
            String address = address(id);
            name = names.containsValue(address) ? address + "-" + id.substring(id.length() - ID_DIGITS) : address;
            names.put(id, name);
        }
        return name;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
