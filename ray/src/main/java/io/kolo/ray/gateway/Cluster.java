package io.kolo.ray.gateway;

import io.kolo.ray.node.Folders;
import io.kolo.ray.node.Frame;
import io.kolo.ray.node.Supervisor;
import io.ray.api.ActorHandle;
import io.ray.api.ObjectRef;
import io.ray.api.PlacementGroups;
import io.ray.api.Ray;
import io.ray.api.options.PlacementGroupCreationOptions;
import io.ray.api.placementgroup.PlacementGroup;
import io.ray.api.placementgroup.PlacementStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a job has on the Ray cluster: its placement groups, and a supervisor in each bundle of theirs. What a driver
 * asks for that is there already, since the driver before it has asked for it, stays as it is.
 */
final class Cluster {
    private static final int CONCURRENT_CALLS = 4; // news, and beside it launches and kills

    /** A folder of its own, with the milliseconds as its name. */
    private static final Pattern UNPACKED = Pattern.compile(" (/\\S*/ray/\\d{13})/libcore_worker_library_java\\.so$");

    private static final int LEAVE_TIMEOUT_MS = 2000;

    /** Bundles of a group, with what each of them has. */
    private record Group(PlacementGroup placed, Map<String, Double> bundle) {}

    private final Map<Long, Group> groups = new ConcurrentHashMap<>();
    private final Map<Long, ActorHandle<Supervisor>> supervisors = new ConcurrentHashMap<>();

    void open() throws IOException {
        Ray.init();
        forgetUnpacked();
    }

    /** Ray unpacks its native library for each driver, and leaves the folder behind; it is mapped, and not needed. */
    private static void forgetUnpacked() throws IOException {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            Optional<Path> folder = maps.map(UNPACKED::matcher)
                    .filter(Matcher::find)
                    .map(found -> Path.of(found.group(1)))
                    .findFirst();
            if (folder.isPresent()) {
                Folders.delete(folder.get());
            }
        }
    }

    /**
     * Answers a request.
     *
     * @throws RuntimeException as Ray throws it
     */
    Frame answer(Frame request) throws IOException {
        return switch (request.word()) {
            case "reserve" -> reserve(request);
            case "await" -> Frame.of(await(request.number(1), (int) request.number(2)) ? "placed" : "pending");
            case "supervise" -> supervise(request.number(1), request.number(2), (int) request.number(3));
            case "assist" -> assist(request.number(1), request.text(2), Double.parseDouble(request.text(3)));
            case "release" -> release(request.number(1));
            case "held" -> Frame.of("held", numbers(groups), numbers(supervisors));
            case "ask" ->
                Frame.decode(supervisor(request.number(1))
                        .task(Supervisor::ask, request.bytes(2))
                        .remote()
                        .get());
            case "ship" -> ship(Path.of(request.text(1)), request.text(2), request.texts(4), (int) request.number(3));
            default -> throw new IllegalArgumentException("the gateway does not know how to " + request.word());
        };
    }

    private Frame reserve(Frame request) {
        Map<String, Double> bundle = new TreeMap<>();
        for (int field = 4; field < request.size(); field += 2) {
            bundle.put(request.text(field), Double.valueOf(request.text(field + 1)));
        }
        PlacementGroupCreationOptions asked = new PlacementGroupCreationOptions.Builder()
                .setBundles(Collections.nCopies((int) request.number(3), bundle))
                .setStrategy(PlacementStrategy.valueOf(request.text(2)))
                .build();
        groups.computeIfAbsent(
                request.number(1), number -> new Group(PlacementGroups.createPlacementGroup(asked), bundle));
        return Frame.of("asked");
    }

    /** Says what there is, for a driver that has not asked for it itself. */
    private static byte[] numbers(Map<Long, ?> held) {
        return Frame.of("numbers", List.copyOf(held.keySet())).encode();
    }

    private boolean await(long number, int timeoutS) {
        return group(number).placed.wait(timeoutS);
    }

    /** Starts a bundle's supervisor; {@code number} is its own, {@code bundle} the bundle's in its group. */
    private Frame supervise(long number, long group, int bundle) {
        Group of = group(group);
        supervisors.computeIfAbsent(
                number,
                first -> Ray.actor(Supervisor::new)
                        .setResources(of.bundle)
                        .setPlacementGroup(of.placed, bundle)
                        .setMaxConcurrency(CONCURRENT_CALLS)
                        .remote());
        return Frame.of("asked");
    }

    /** Starts a supervisor beside the bundles, on a node that has some of a resource. */
    private Frame assist(long number, String resource, double amount) {
        supervisors.put(
                number,
                Ray.actor(Supervisor::new)
                        .setResource(resource, amount)
                        .setMaxConcurrency(CONCURRENT_CALLS)
                        .remote());
        return Frame.of("asked");
    }

    /** Gives up a group of one bundle, and its supervisor, which have the same number. */
    private Frame release(long number) {
        Group group = groups.remove(number);
        ActorHandle<Supervisor> supervisor = supervisors.remove(number);
        try {
            if (supervisor != null) {
                supervisor.kill(true);
            }
        } finally {
            if (group != null) {
                PlacementGroups.removePlacementGroup(group.placed.getId());
            }
        }
        return Frame.of("done");
    }

    /**
     * Puts a file into Ray's store, part by part, from where each node takes it once; and has supervisors keep it.
     * Returns those that have it all.
     */
    private Frame ship(Path file, String digest, List<String> receivers, int partBytes) throws IOException {
        List<String> left = new ArrayList<>(receivers);
        try (var in = Files.newInputStream(file)) {
            long offset = 0;
            byte[] part = in.readNBytes(partBytes);
            while (part.length > 0) {
                byte[] next = in.readNBytes(partBytes);
                ObjectRef<byte[]> stored = Ray.put(part);
                byte[] what = Frame.of("append", digest, offset, next.length == 0 ? "last" : "more")
                        .encode();
                Map<String, ObjectRef<byte[]>> answers = new TreeMap<>();
                left.forEach(each -> answers.put(
                        each,
                        supervisor(Long.parseLong(each))
                                .task(Supervisor::bring, what, stored)
                                .remote()));
                answers.forEach((each, answer) -> {
                    if (!isDone(answer)) {
                        left.remove(each);
                    }
                });
                offset += part.length;
                part = next;
            }
        }
        return Frame.of("shipped", left);
    }

    private static boolean isDone(ObjectRef<byte[]> answer) {
        try {
            return Frame.decode(answer.get()).word().equals("done");
        } catch (RuntimeException e) { // its node is gone
            return false;
        }
    }

    private Group group(long number) {
        Group group = groups.get(number);
        if (group == null) {
            throw new IllegalArgumentException("no placement group " + number);
        }
        return group;
    }

    private ActorHandle<Supervisor> supervisor(long number) {
        ActorHandle<Supervisor> supervisor = supervisors.get(number);
        if (supervisor == null) {
            throw new IllegalArgumentException("no supervisor " + number);
        }
        return supervisor;
    }

    /** Gives back all that the job has on the cluster. */
    void close() {
        byte[] leave = Frame.of("leave").encode();
        List<ObjectRef<byte[]>> leaving = supervisors.values().stream()
                .map(each -> each.task(Supervisor::ask, leave).remote())
                .toList();
        if (!leaving.isEmpty()) { // a supervisor whose node is gone, or was never there, does not answer
            var unused = Ray.wait(leaving, leaving.size(), LEAVE_TIMEOUT_MS);
        }
        try {
            supervisors.values().forEach(supervisor -> supervisor.kill(true));
            groups.values().forEach(group -> PlacementGroups.removePlacementGroup(group.placed.getId()));
        } finally {
            Ray.shutdown();
        }
    }
}
