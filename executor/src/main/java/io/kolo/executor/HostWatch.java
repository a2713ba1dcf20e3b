package io.kolo.executor;

import io.kolo.executor.engine.Placed;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Asks a {@link HostDiscovery} again and again, on a thread of its own. */
final class HostWatch implements AutoCloseable {
    private static final long INTERVAL_MS = 1000;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("kolo-discovery").factory());
    private final HostDiscovery discovery;
    private final int most;
    private final int gpusPerWorker;
    private final Consumer<String> news;
    private volatile List<Placed> room = List.of();
    private volatile String state = "host discovery has not answered yet";

    /**
     * Begins to ask.
     *
     * @param most how many workers the job has at most
     * @param gpusPerWorker each slot of a host is good for so many
     * @param news hears in a line what has changed
     */
    HostWatch(HostDiscovery discovery, int most, int gpusPerWorker, Consumer<String> news) {
        this.discovery = discovery;
        this.most = most;
        this.gpusPerWorker = gpusPerWorker;
        this.news = news;
        var unused = timer.scheduleWithFixedDelay(this::ask, 0, INTERVAL_MS, TimeUnit.MILLISECONDS);
    }

    /** Returns room for one worker a slot. */
    List<Placed> room() {
        return room;
    }

    /** Says in a few words what is known. */
    String state() {
        return state;
    }

    private void ask() {
        String found;
        try {
            Map<String, Integer> hosts = new LinkedHashMap<>(discovery.hosts());
            room = slots(hosts);
            found = hosts.isEmpty()
                    ? "host discovery knows no host"
                    : hosts.entrySet().stream()
                            .map(host -> host.getKey() + ":" + host.getValue())
                            .collect(Collectors.joining(", ", "hosts ", ""));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the job is closed
            return;
        } catch (IOException | RuntimeException e) {
            found = "host discovery fails, and the hosts stay as they were: " + e.getMessage();
        }
        if (!found.equals(state)) {
            state = found;
            news.accept(found);
        }
    }

    private List<Placed> slots(Map<String, Integer> hosts) {
        List<Placed> slots = new ArrayList<>();
        hosts.forEach((host, count) -> {
            for (int slot = 0; slot < Math.min(count, most); slot++) {
                int firstGpu = slot * gpusPerWorker;
                slots.add(new Placed(
                        slot,
                        host,
                        IntStream.range(firstGpu, firstGpu + gpusPerWorker)
                                .boxed()
                                .toList()));
            }
        });
        return List.copyOf(slots);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
