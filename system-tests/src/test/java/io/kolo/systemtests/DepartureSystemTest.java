package io.kolo.systemtests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.kolo.executor.Cloud;
import io.kolo.executor.ElasticRayExecutor;
import io.kolo.executor.ElasticRayExecutorBuilder;
import io.kolo.executor.JobListener;
import io.kolo.executor.Progress;
import io.kolo.executor.engine.Strategy;
import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Workers are told to leave, in each way that there is, and nobody is lost by that. */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class DepartureSystemTest {
    private static final String PREEMPTED =
            "{\"EventType\": \"Preempt\", \"NotBefore\": \"now\", \"Resources\": [\"machine-1\"]}";

    @TempDir
    private Path folder;

    private final News news = new News();

    private static final class News implements JobListener {
        private final List<String> said = new CopyOnWriteArrayList<>();
        private final List<String> lost = new CopyOnWriteArrayList<>();
        private final Map<Integer, Long> pids = new ConcurrentHashMap<>();

        @Override
        public void onDraining(int worker, String reason) {
            said.add(worker + " " + reason);
        }

        @Override
        public void onLost(int worker, String reason) {
            lost.add(worker + " " + reason);
        }

        @Override
        public void onProgress(Progress progress) {
            pids.put(progress.rank(), progress.metrics().get("pid").longValue());
        }
    }

    private ElasticRayExecutorBuilder builder() {
        return ElasticRayExecutor.builder()
                .minWorkers(1)
                .maxWorkers(2)
                .cooldown(Duration.ofMillis(1))
                .jvmArg(Runs.QUICK_START)
                .listener(news);
    }

    private CompletableFuture<Integer> start(ElasticRayExecutor executor) {
        CompletableFuture<Integer> run = ElasticTraining.start(
                        executor, ElasticTraining.Batch.OF_ALL, folder.resolve("go"), (w, batch) -> {})
                .thenApply(List::size);
        Runs.await("two members that train", () -> executor.members().size() == 2 && news.pids.size() == 2, run);
        return run;
    }

    private void finish(CompletableFuture<Integer> run, int size) throws Exception {
        Files.createFile(folder.resolve("go"));
        assertEquals(size, run.get(Runs.PATIENT.toSeconds(), TimeUnit.SECONDS));
        assertEquals(List.of(), news.lost, "nobody was lost");
    }

    @Test
    void shouldLeaveBetweenTwoStepsOnSigterm() throws Exception {
        try (ElasticRayExecutor executor = builder().build()) {
            CompletableFuture<Integer> run = start(executor);
            int leaving = executor.members().get(1);
            Runs.signal("-TERM", news.pids.get(1));
            Runs.await("departure", () -> !executor.members().contains(leaving), run);
            assertEquals(List.of(leaving + " SIGTERM"), news.said);
            Runs.await("another in its place", () -> executor.members().size() == 2, run);
            finish(run, 2);
        }
    }

    /** Answers as the metadata services of all clouds do; the machine that has asked first is given notice. */
    private static final class Metadata implements AutoCloseable {
        private final HttpServer server;
        private final AtomicInteger tokens = new AtomicInteger();
        private final AtomicInteger names = new AtomicInteger();
        private final AtomicInteger firstPort = new AtomicInteger();
        private volatile boolean given;

        Metadata() throws IOException {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            serve("/latest/api/token", call -> "token-" + tokens.incrementAndGet());
            serve("/latest/meta-data/spot/instance-action", call -> {
                String token = call.getRequestHeaders().getFirst("X-aws-ec2-metadata-token");
                return given && "token-1".equals(token)
                        ? "{\"action\": \"terminate\", \"time\": \"2017-09-18T08:22:00Z\"}"
                        : "";
            });
            serve("/computeMetadata/v1/instance/preempted", call -> {
                int port = call.getRemoteAddress().getPort(); // who asks does so on one connection
                boolean first = firstPort.compareAndSet(0, port) || firstPort.get() == port;
                return given && first ? "TRUE" : "FALSE";
            });
            serve("/metadata/instance/compute/name", call -> "machine-" + names.incrementAndGet());
            serve("/metadata/scheduledevents", call -> "{\"Events\": [" + (given ? PREEMPTED : "") + "]}");
            server.start();
        }

        /** An empty answer is none. */
        private void serve(String path, Function<HttpExchange, String> answer) {
            server.createContext(path, call -> {
                byte[] body = answer.apply(call).getBytes(UTF_8);
                call.sendResponseHeaders(body.length == 0 ? 404 : 200, body.length == 0 ? -1 : body.length);
                call.getResponseBody().write(body);
                call.close();
            });
        }

        URI address() {
            return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "AWS, 120, AWS is to terminate its machine at 2017-09-18T08:22:00Z",
        "GCP, 30, Google Cloud preempts its machine",
        "AZURE, 30, 'Azure preempts its machine, not before now'"
    })
    void shouldLeaveAMachineThatTheCloudTakesAwayInTimeAndNotComeBackToIt(Cloud cloud, int noticeS, String notice)
            throws Exception {
        try (Metadata metadata = new Metadata();
                ElasticRayExecutor executor = builder()
                        .nodes("2x{cpu:1}")
                        .placementStrategy(Strategy.STRICT_SPREAD)
                        .spotNotices(cloud, metadata.address())
                        .build()) {
            CompletableFuture<Integer> run = start(executor);
            List<Integer> before = executor.members();
            long givenNs = System.nanoTime();
            metadata.given = true;
            Runs.await("departure", () -> executor.members().size() == 1, run);
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - givenNs);
            System.out.println(cloud + ": left " + tookMs + " ms after the notice");
            assertTrue(tookMs < TimeUnit.SECONDS.toMillis(noticeS), "left after " + tookMs + " ms");
            int left = before.stream()
                    .filter(worker -> !executor.members().contains(worker))
                    .findFirst()
                    .orElseThrow();
            assertEquals(List.of(left + " " + notice), news.said);
            finish(run, 1);
        }
    }

    @Test
    void shouldDrainFromTheCommandLine() throws Exception {
        try (KoloProcess job =
                KoloProcess.start("run", "digits", "--min-workers", "1", "--max-workers", "2", "--epochs", "100000")) {
            job.awaitLines("generation 1, workers [0, 1]");
            String pid = String.valueOf(job.pid());
            assertSays(2, "kolo: there is no worker 77: the job has worker 0 on localhost, worker 1 on", pid, "77");
            assertSays(2, "kolo: there is no node elsewhere", pid, "--node", "elsewhere");
            assertSays(2, "say who is to leave", pid);
            assertSays(0, "worker 0 left", pid, "0");
            job.awaitLines("kolo: worker 0 is to leave: kolo drain");
            job.awaitLines("generation 2, workers [1");
            assertTrue(job.lines().stream().noneMatch(line -> line.contains("lost worker")), () -> "" + job.lines());
            Runs.signal("-INT", job.pid());
            assertEquals(130, job.await());
        }
        assertSays(1, "no job of yours runs", "1", "0");
    }

    private static void assertSays(int exitCode, String what, String job, String... who) throws InterruptedException {
        String[] args = new String[who.length + 3];
        args[0] = "drain";
        args[1] = "--job";
        args[2] = job;
        System.arraycopy(who, 0, args, 3, who.length);
        try (KoloProcess drain = KoloProcess.start(args)) {
            assertEquals(exitCode, drain.await(), () -> "" + drain.lines());
            assertTrue(String.join("\n", drain.lines()).contains(what), () -> "" + drain.lines());
        }
    }
}
