package io.kolo.executor;

import io.kolo.executor.control.WorkerEvent;
import io.kolo.executor.local.JobRequests;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * What {@code kolo drain} asks of a job: {@code worker 3} is to leave, or all of {@code node node-1} are. It is
 * answered when they are gone. For the job's thread.
 */
final class DrainRequests {
    private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final JobRequests requests;
    private final JobWorkers workers;
    private final Map<JobRequests.Request, Set<Integer>> pending = new HashMap<>();
    private long nextNs = System.nanoTime();

    DrainRequests(Path jobFolder, JobWorkers workers) {
        this.requests = new JobRequests(jobFolder);
        this.workers = workers;
    }

    /**
     * Looks for requests, ten times a second, and answers those that are fulfilled.
     *
     * @param there the workers that are there, or on their way
     * @param drain has one, or a node's, leave
     */
    void turn(Set<Integer> there, Consumer<WorkerEvent.Drains> drain, long nowNs) {
        if (nowNs - nextNs < 0) {
            return;
        }
        nextNs = nowNs + INTERVAL_NS;
        requests.take().forEach(request -> begin(request, there, drain));
        Iterator<Map.Entry<JobRequests.Request, Set<Integer>>> each =
                pending.entrySet().iterator();
        while (each.hasNext()) {
            Map.Entry<JobRequests.Request, Set<Integer>> asked = each.next();
            if (asked.getValue().stream().noneMatch(there::contains)) {
                requests.answer(asked.getKey(), names(asked.getValue()) + " left");
                each.remove();
            }
        }
    }

    private void begin(JobRequests.Request request, Set<Integer> there, Consumer<WorkerEvent.Drains> drain) {
        String[] words = request.line().split(" ", 2);
        boolean node = words[0].equals("node");
        Set<Integer> meant = there.stream()
                .filter(worker -> words[words.length - 1].equals(node ? workers.node(worker) : String.valueOf(worker)))
                .collect(Collectors.toCollection(TreeSet::new));
        if (meant.isEmpty()) {
            requests.answer(
                    request,
                    JobRequests.REFUSED + "there is no " + request.line() + ": the job has "
                            + there.stream()
                                    .map(worker -> "worker " + worker + " on " + workers.node(worker))
                                    .collect(Collectors.joining(", ")));
        } else {
            pending.put(request, meant);
            drain.accept(new WorkerEvent.Drains(meant.iterator().next(), "kolo drain", node));
        }
    }

    private static String names(Set<Integer> workers) {
        return (workers.size() == 1 ? "worker " : "workers ")
                + workers.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    /** The training is over: nobody has to leave it any more. */
    void over() {
        pending.keySet().forEach(request -> requests.answer(request, "the training was over before"));
        pending.clear();
    }
}
