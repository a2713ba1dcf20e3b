package io.kolo.ray;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The node of a Ray cluster that this machine is. It is found by its raylet, Ray's process on every node: so nobody has
 * to say where Ray is installed, and the Ray that Kolo uses is the one that runs.
 *
 * @param address the node's
 * @param ray the folder of its Python package
 */
record LocalNode(String address, Path ray) {
    private static final Path PROC = Path.of("/proc");
    private static final String RAYLET = "/core/src/ray/raylet/raylet";
    private static final String ID = "--node_id=";
    private static final Pattern VERSION = Pattern.compile("version = \"([^\"]+)\"");

    /**
     * Looks for it.
     *
     * @param nodes the addresses of the cluster's nodes, by their ids
     * @param cluster its address; where several of its nodes are on this machine, the one with the same address wins
     */
    static Optional<LocalNode> find(Map<String, String> nodes, String cluster) {
        return ProcessHandle.allProcesses()
                .flatMap(process -> of(process.pid(), nodes).stream())
                .min(Comparator.comparing(node -> !cluster.startsWith(node.address + ":")));
    }

    /** Returns the node of a process, if it is the raylet of one of these. */
    private static Optional<LocalNode> of(long pid, Map<String, String> nodes) {
        try {
            List<String> command = Arrays.asList(
                    Files.readString(PROC.resolve(pid + "/cmdline"), UTF_8).split("\0", -1));
            String program = command.getFirst();
            if (!program.endsWith(RAYLET) || !isTrusted(PROC.resolve(String.valueOf(pid)))) {
                return Optional.empty();
            }
            Path ray = Path.of(program.substring(0, program.length() - RAYLET.length()));
            return command.stream()
                    .filter(argument -> argument.startsWith(ID))
                    .map(argument -> nodes.get(argument.substring(ID.length())))
                    .filter(Objects::nonNull)
                    .map(address -> new LocalNode(address, ray))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty(); // it is gone
        }
    }

    /** Its libraries will be run here: it has to be this user's, or root's. */
    private static boolean isTrusted(Path process) throws IOException {
        UserPrincipal owner = Files.getOwner(process);
        return owner.equals(Files.getOwner(PROC.resolve("self"))) || owner.equals(Files.getOwner(PROC.resolve("1")));
    }

    /** Returns Ray's Java libraries. */
    Path jar() {
        return ray.resolve("jars").resolve("ray_dist.jar");
    }

    /** Returns Ray's version, such as 2.39.0. */
    String version() {
        try {
            Matcher version = VERSION.matcher(Files.readString(ray.resolve("_version.py")));
            return version.find() ? version.group(1) : "unknown";
        } catch (IOException e) {
            throw new UncheckedIOException("the Ray of this node can't be read", e);
        }
    }
}
