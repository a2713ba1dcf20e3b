package io.kolo.executor;

import io.kolo.elastic.Blocklist;
import io.kolo.executor.engine.Placed;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Keeps an elastic job at its number of workers: launches them where there is room. For one thread. */
final class Recruiter {
    /** Room for one worker: a bundle of a node's. */
    private record Place(String node, int bundle) {}

    private final Supplier<List<Placed>> room;
    private final int wanted;
    private final Blocklist blocklist;
    private final Map<Integer, Place> taken = new TreeMap<>();
    private final Map<Integer, Long> launchedNs = new TreeMap<>();
    private final Set<Integer> leaving = new HashSet<>();
    private final Set<String> avoided = new HashSet<>();
    private int next;

    /**
     * Nobody is launched yet.
     *
     * @param room says where a worker may be, one place a worker; asked again and again
     * @param wanted how many workers the job is to have
     */
    Recruiter(Supplier<List<Placed>> room, int wanted, Duration cooldown) {
        this.room = room;
        this.wanted = wanted;
        this.blocklist = new Blocklist(cooldown, wanted);
    }

    /**
     * Launches what may be launched now.
     *
     * @param launch takes a worker's number and where it is to be
     */
    void launch(BiConsumer<Integer, Placed> launch, long nowNs) {
        Map<Place, Placed> places = places();
        avoided.retainAll(places.keySet().stream().map(Place::node).collect(Collectors.toSet()));
        leaving.addAll(displaced());
        places.forEach((place, placed) -> {
            if (taken.size() - leaving.size() < wanted && !taken.containsValue(place) && admits(place, nowNs)) {
                int worker = next++;
                taken.put(worker, place);
                launchedNs.put(worker, nowNs);
                launch.accept(worker, placed);
            }
        });
    }

    /**
     * Goes on with the workers that the driver before this one has launched; they are on their way.
     *
     * @param there where they are, by their numbers
     * @param given the numbers below this have been given
     */
    void takeOver(Map<Integer, Placed> there, int given, long nowNs) {
        next = given;
        there.forEach((worker, placed) -> {
            taken.put(worker, new Place(placed.node(), placed.bundle()));
            launchedNs.put(worker, nowNs);
        });
    }

    private boolean admits(Place place, long nowNs) {
        return !avoided.contains(place.node)
                && blocklist.admits(place.node, nowNs)
                && blocklist.admits(place.toString(), nowNs);
    }

    private Map<Place, Placed> places() {
        Map<Place, Placed> places = new LinkedHashMap<>();
        for (Placed placed : room.get()) {
            places.put(new Place(placed.node(), placed.bundle()), placed);
        }
        return places;
    }

    /** A worker is there. */
    void joined(int worker) {
        launchedNs.remove(worker);
    }

    /** A worker is to leave; another one may be launched elsewhere. */
    void leaves(int worker) {
        if (taken.containsKey(worker)) {
            leaving.add(worker);
        }
    }

    /**
     * A worker's process is gone.
     *
     * @param lost whether it was lost, rather than left; a node that has lost all its workers is blamed, too
     */
    void gone(int worker, boolean lost, long nowNs) {
        launchedNs.remove(worker);
        leaving.remove(worker);
        Place place = taken.remove(worker);
        if (place != null && lost) {
            blocklist.lost(place.toString(), nowNs);
            if (taken.values().stream().noneMatch(other -> other.node.equals(place.node))) {
                blocklist.lost(place.node, nowNs);
            }
        }
    }

    /** Nobody is launched on a node any more, as long as it is there: it is to be taken away. */
    void avoid(String node) {
        avoided.add(node);
    }

    /** Returns the workers for which there is no room any more. */
    List<Integer> displaced() {
        Set<Place> places = places().keySet();
        return taken.keySet().stream()
                .filter(worker -> !places.contains(taken.get(worker)))
                .toList();
    }

    /** Returns those that are on their way. */
    Set<Integer> coming() {
        return Set.copyOf(launchedNs.keySet());
    }

    /** Returns those that have been on their way for longer than that. */
    List<Integer> overdue(Duration timeout, long nowNs) {
        return launchedNs.entrySet().stream()
                .filter(launched -> nowNs - launched.getValue() > timeout.toNanos())
                .map(Map.Entry::getKey)
                .toList();
    }
}
