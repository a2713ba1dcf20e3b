package io.kolo.executor.engine;

import static java.util.Comparator.comparingInt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Puts bundles on nodes. Greedy, bundle by bundle: the bundles of a job are all alike, so that no order of them does
 * better. Among equals the first node wins: the same request always lies the same way.
 */
public final class Placer {
    private final List<Room> rooms;

    private Placer(List<Node> nodes) {
        this.rooms = nodes.stream().map(Room::new).toList();
    }

    /**
     * Places bundles on nodes that are free.
     *
     * @param bundle what each of them needs
     * @param least with fewer it is refused
     * @param most more are not placed
     * @return where they lie, node by node, so that neighbours in the list are neighbours in the cluster
     * @throws PlacementException if there is no room for the least number of them, with the figures
     */
    public static List<Placed> place(List<Node> nodes, Resources bundle, int least, int most, Strategy strategy) {
        Placer placer = new Placer(nodes);
        for (int fitted = 0; fitted < most; fitted++) {
            Optional<Room> room = placer.choose(bundle, Math.max(least, fitted + 1), fitted, strategy);
            if (room.isPresent()) {
                room.get().take(bundle);
            } else if (fitted < least) {
                throw placer.refusal(bundle, least, fitted, strategy);
            } else {
                break;
            }
        }
        List<Placed> placed = new ArrayList<>();
        for (Room room : placer.rooms) {
            room.placed.forEach(gpus -> placed.add(new Placed(placed.size(), room.node.name(), gpus)));
        }
        return List.copyOf(placed);
    }

    private Optional<Room> choose(Resources bundle, int count, int fitted, Strategy strategy) {
        Stream<Room> fitting = rooms.stream().filter(room -> room.free.covers(bundle));
        return switch (strategy) {
            case PACK -> fitting.min(comparingInt(room -> -room.placed.size())); // the first of the fullest
            case SPREAD -> fitting.min(comparingInt(room -> room.placed.size()));
            case STRICT_PACK ->
                fitting.filter(room -> room.placed.size() == fitted && room.free.covers(bundle.times(count - fitted)))
                        .findFirst();
            case STRICT_SPREAD -> fitting.filter(room -> room.placed.isEmpty()).findFirst();
        };
    }

    private PlacementException refusal(Resources bundle, int count, int fitted, Strategy strategy) {
        String nodes = rooms.stream()
                .map(room -> "\n  " + room.node.name() + ": free " + room.free + " of " + room.node.total())
                .collect(Collectors.joining());
        return new PlacementException("no room for " + count + (count == 1 ? " bundle" : " bundles") + " of " + bundle
                + " (" + strategy + "): " + fitted + " placed, the next one does not fit" + nodes);
    }

    /** A node, what lies on it and what is still free. */
    private static final class Room {
        private final Node node;

        /** The GPUs of each bundle that lies on it. */
        private final List<List<Integer>> placed = new ArrayList<>();

        private Resources free;
        private int nextGpu;

        Room(Node node) {
            this.node = node;
            this.free = node.total();
        }

        void take(Resources bundle) {
            List<Integer> gpus = new ArrayList<>();
            for (int i = 0; i < bundle.of(Resources.GPU); i++) {
                gpus.add(nextGpu++);
            }
            free = free.minus(bundle);
            placed.add(List.copyOf(gpus));
        }
    }
}
