package io.kolo.executor.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.kolo.executor.Cloud;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The answers are those of the clouds' documentation. */
@Timeout(60)
class SpotWatchTest {
    private static final String AWS_ACTION = "/latest/meta-data/spot/instance-action";
    private static final String AWS_NOTICE = "{\"action\": \"terminate\", \"time\": \"2017-09-18T08:22:00Z\"}";
    private static final String GCP_PREEMPTED = "/computeMetadata/v1/instance/preempted";
    private static final String AZURE_EVENTS = "/metadata/scheduledevents";

    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private volatile String awsToken = "one";
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange call) throws IOException {
        String path = call.getRequestURI().getPath();
        boolean known = call.getRequestMethod().equals("PUT")
                ? call.getRequestHeaders().containsKey("X-aws-ec2-metadata-token-ttl-seconds")
                : awsToken.equals(call.getRequestHeaders().getFirst("X-aws-ec2-metadata-token"))
                        || "Google".equals(call.getRequestHeaders().getFirst("Metadata-Flavor"))
                        || "true".equals(call.getRequestHeaders().getFirst("Metadata"));
        String answer = path.equals("/latest/api/token") ? awsToken : answers.get(path);
        byte[] body = (answer == null ? "" : answer).getBytes(UTF_8);
        int status = !known ? 401 : answer == null ? 404 : 200;
        call.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        call.getResponseBody().write(body);
        call.close();
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private SpotWatch watch(Cloud cloud) {
        return new SpotWatch(cloud, address());
    }

    @Test
    void shouldHearAwsAndGetANewTokenWhenTheOldOneIsRefused() throws Exception {
        SpotWatch watch = watch(Cloud.AWS);
        assertNull(watch.look());
        awsToken = "two";
        assertThrows(IOException.class, watch::look);
        assertNull(watch.look());
        answers.put(AWS_ACTION, AWS_NOTICE);
        assertEquals("AWS is to terminate its machine at 2017-09-18T08:22:00Z", watch.look());
    }

    @Test
    void shouldHearGoogle() throws Exception {
        SpotWatch watch = watch(Cloud.GCP);
        answers.put(GCP_PREEMPTED, "FALSE\n");
        assertNull(watch.look());
        answers.put(GCP_PREEMPTED, "TRUE\n");
        assertEquals("Google Cloud preempts its machine", watch.look());
    }

    private void azure(String type, String machine) {
        answers.put(
                AZURE_EVENTS,
                "{\"DocumentIncarnation\": 2, \"Events\": [{\"EventId\": \"A1\", \"EventStatus\":"
                        + " \"Scheduled\", \"EventType\": \"" + type
                        + "\", \"ResourceType\": \"VirtualMachine\", \"Resources\": [\""
                        + machine + "\"], \"NotBefore\": \"Mon, 19 Sep 2016 18:29:47 GMT\"}]}");
    }

    @Test
    void shouldHearAzureOfItsOwnMachineAndOfNoOther() throws Exception {
        answers.put("/metadata/instance/compute/name", "vm-1");
        SpotWatch watch = watch(Cloud.AZURE);
        answers.put(AZURE_EVENTS, "{\"DocumentIncarnation\": 1, \"Events\": []}");
        assertNull(watch.look());
        azure("Preempt", "vm-2");
        assertNull(watch.look());
        azure("Reboot", "vm-1");
        assertNull(watch.look());
        azure("Preempt", "vm-1");
        assertEquals("Azure preempts its machine, not before Mon, 19 Sep 2016 18:29:47 GMT", watch.look());
    }

    @Test
    void shouldNotTakeNonsenseForANotice() {
        for (String nonsense : new String[] {"", "{", "[]", "null", "\"terminate\"", "x".repeat(1 << 20)}) {
            answers.put(AWS_ACTION, nonsense);
            answers.put(AZURE_EVENTS, nonsense);
            answers.put("/metadata/instance/compute/name", "vm-1");
            assertThrows(IOException.class, watch(Cloud.AWS)::look, nonsense);
            assertThrows(IOException.class, watch(Cloud.AZURE)::look, nonsense);
        }
        assertThrows(IOException.class, watch(Cloud.GCP)::look);
        server.stop(0);
        assertThrows(IOException.class, watch(Cloud.GCP)::look);
    }

    @Test
    void shouldAskAgainAndAgainUntilThereIsANotice() throws InterruptedException {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        SpotWatch.start("AWS " + address(), heard::add);
        answers.put(AWS_ACTION, AWS_NOTICE);
        String notice = heard.poll(30, TimeUnit.SECONDS);
        assertTrue(String.valueOf(notice).startsWith("AWS is to terminate"), String.valueOf(notice));
    }
}
