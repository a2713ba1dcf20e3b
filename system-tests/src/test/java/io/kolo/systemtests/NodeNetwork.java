package io.kolo.systemtests;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A network of nodes on this machine. The first one is in the machine's own network, each other one in a namespace of
 * its own, with a memory (/dev/shm) of its own, from which a link leads to a bridge, and can be cut. That needs root
 * and iproute2; without them all nodes are at addresses of the loopback network, and no link can be cut.
 */
final class NodeNetwork {
    private static final String BRIDGE = "kolo-bridge";

    /** A bridge without one of its own takes another one whenever a node comes or goes, and is not found for 8 s. */
    private static final String HARDWARE = "02:00:00:00:77:01";

    /** For tests of networks (RFC 2544): nobody else should be there. */
    private static final String BRIDGED = "198.18.77.";

    private static final String LOOPBACK = "127.0.1.";

    private final boolean bridged;
    private final Set<Integer> connected = new HashSet<>();

    private NodeNetwork(boolean bridged) {
        this.bridged = bridged;
    }

    /** All nodes at addresses of the loopback network. */
    static NodeNetwork loopback() {
        return new NodeNetwork(false);
    }

    /** Links that can be cut, where this user may make them. */
    static NodeNetwork bridgedIfPossible() throws IOException {
        NodeNetwork network = new NodeNetwork(true);
        network.close(); // of a run that was killed
        List<String> steps = List.of(
                "link add " + BRIDGE + " address " + HARDWARE + " type bridge",
                "addr add " + network.address(1) + "/24 dev " + BRIDGE,
                "link set " + BRIDGE + " up",
                "netns add " + BRIDGE,
                "netns delete " + BRIDGE);
        for (String step : steps) {
            Optional<String> failure = failure(step);
            if (failure.isPresent()) {
                System.out.println("no links that can be cut: ip " + step + ": " + failure.get());
                network.close();
                return loopback();
            }
        }
        return network;
    }

    boolean isBridged() {
        return bridged;
    }

    /** Returns the address of a node, from 1 on. */
    String address(int node) {
        return (bridged ? BRIDGED : LOOPBACK) + node;
    }

    private static String link(int node) {
        return "kolo-node-" + node;
    }

    /** Connects a node; returns what a command has to begin with to run there. */
    List<String> connect(int node) throws IOException {
        if (!bridged || node == 1) {
            return List.of();
        }
        String name = link(node);
        disconnect(node);
        connected.add(node);
        ip("netns add " + name);
        ip("link add " + name + " type veth peer name eth0 netns " + name);
        ip("link set " + name + " master " + BRIDGE + " up");
        ip("-n " + name + " addr add " + address(node) + "/24 dev eth0");
        ip("-n " + name + " link set eth0 up");
        ip("-n " + name + " link set lo up");
        String ownMemory = "mount -t tmpfs kolo /dev/shm && exec \"$@\""; // it goes with the last process there
        return List.of("ip", "netns", "exec", name, "sh", "-c", ownMemory, "sh");
    }

    /** Takes a node's network away, if it had one; its link goes with it. */
    void disconnect(int node) throws IOException {
        if (bridged && node > 1) {
            var unused = failure("link delete " + link(node));
            unused = failure("netns delete " + link(node));
            connected.remove(node);
        }
    }

    /** Has nothing reach a node any more, nor leave it. */
    void cut(int node) throws IOException {
        ip("link set " + link(node) + " down");
    }

    /** Undoes {@link #cut}, if the node was cut off. */
    void mend(int node) throws IOException {
        if (connected.contains(node)) {
            ip("link set " + link(node) + " up");
        }
    }

    /** Takes all of it away, as far as it is there. */
    void close() throws IOException {
        if (bridged) {
            for (int node : List.copyOf(connected)) {
                disconnect(node);
            }
            var unused = failure("link delete " + BRIDGE);
        }
    }

    private static void ip(String arguments) throws IOException {
        Optional<String> failure = failure(arguments);
        if (failure.isPresent()) {
            throw new IOException("ip " + arguments + ": " + failure.get());
        }
    }

    /** Returns what is wrong, where it can't be done. */
    private static Optional<String> failure(String arguments) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(("ip " + arguments).split(" ", -1))
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            return Optional.of(e.getMessage()); // there is no such program
        }
        try {
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            return process.waitFor() == 0 ? Optional.empty() : Optional.of(output);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
