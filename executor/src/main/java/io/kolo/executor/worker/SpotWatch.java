package io.kolo.executor.worker;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.kolo.executor.Cloud;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Asks a cloud's metadata service, once a second, whether this machine is to be taken away. */
final class SpotWatch {
    private static final System.Logger LOG = System.getLogger(SpotWatch.class.getName());
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);
    private static final int MOST_BYTES = 1 << 16;
    private static final int OK = 200;
    private static final int UNAUTHORIZED = 401;
    private static final int NOT_FOUND = 404;

    private final Cloud cloud;
    private final URI metadata;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(TIMEOUT)
            .build();
    private @Nullable String token;
    private @Nullable String machine;

    SpotWatch(Cloud cloud, URI metadata) {
        this.cloud = cloud;
        this.metadata = metadata;
    }

    /**
     * Begins to ask, on a thread of its own.
     *
     * @param setting a cloud's name, a blank, and the address of its metadata service
     * @param notice called once, with what the cloud says
     */
    static void start(String setting, Consumer<String> notice) {
        String[] parts = setting.split(" ", 2);
        SpotWatch watch = new SpotWatch(Cloud.valueOf(parts[0]), URI.create(parts[1]));
        Thread.ofPlatform().daemon().name("kolo-spot").start(() -> watch.run(notice));
    }

    private void run(Consumer<String> notice) {
        boolean heard = true;
        while (true) {
            try {
                String said = look();
                heard = true;
                if (said != null) {
                    notice.accept(said);
                    return;
                }
            } catch (IOException e) {
                if (heard) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "spot notices are not heard: the metadata service of {0} at {1} says nothing of use ({2})",
                            cloud,
                            metadata,
                            e);
                }
                heard = false;
            } catch (InterruptedException e) {
                return;
            }
            LockSupport.parkNanos(INTERVAL_NS);
        }
    }

    /**
     * Asks once.
     *
     * @return what the cloud says; null if the machine stays
     * @throws IOException if there is no answer, or none that makes sense
     */
    @Nullable
    String look() throws IOException, InterruptedException {
        try {
            return switch (cloud) {
                case AWS -> aws();
                case GCP -> gcp();
                case AZURE -> azure();
            };
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            throw new IOException("an answer that can't be read", e);
        }
    }

    private @Nullable String aws() throws IOException, InterruptedException {
        String session = token;
        if (session == null) {
            HttpRequest.Builder request = request("/latest/api/token")
                    .header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
                    .PUT(HttpRequest.BodyPublishers.noBody());
            session = body(send(request));
            token = session;
        }
        HttpResponse<String> action =
                send(request("/latest/meta-data/spot/instance-action").header("X-aws-ec2-metadata-token", session));
        if (action.statusCode() == NOT_FOUND) {
            return null;
        }
        if (action.statusCode() == UNAUTHORIZED) {
            token = null; // it is too old: the next time with a new one
        }
        JsonObject notice = JsonParser.parseString(body(action)).getAsJsonObject();
        return "AWS is to " + text(notice, "action") + " its machine at " + text(notice, "time");
    }

    private @Nullable String gcp() throws IOException, InterruptedException {
        HttpRequest.Builder request =
                request("/computeMetadata/v1/instance/preempted").header("Metadata-Flavor", "Google");
        return body(send(request)).strip().equals("TRUE") ? "Google Cloud preempts its machine" : null;
    }

    /** Events are told to all machines of a group: it has to look whose they are. */
    private @Nullable String azure() throws IOException, InterruptedException {
        String own = machine;
        if (own == null) {
            own = body(send(azure("/metadata/instance/compute/name?api-version=2021-02-01&format=text")));
            machine = own;
        }
        String events = body(send(azure("/metadata/scheduledevents?api-version=2020-07-01")));
        for (JsonElement each : JsonParser.parseString(events).getAsJsonObject().getAsJsonArray("Events")) {
            JsonObject event = each.getAsJsonObject();
            JsonArray machines = event.getAsJsonArray("Resources");
            if (text(event, "EventType").equals("Preempt")
                    && machines != null
                    && machines.asList().stream().map(JsonElement::getAsString).anyMatch(own::equals)) {
                return "Azure preempts its machine, not before " + text(event, "NotBefore");
            }
        }
        return null;
    }

    private HttpRequest.Builder azure(String path) {
        return request(path).header("Metadata", "true");
    }

    private static String text(JsonObject json, String name) {
        JsonElement value = json.get(name);
        return value == null ? "?" : value.getAsString();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(metadata.resolve(path)).timeout(TIMEOUT);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.build(), BodyHandlers.limiting(BodyHandlers.ofString(), MOST_BYTES));
    }

    private static String body(HttpResponse<String> response) throws IOException {
        if (response.statusCode() != OK) {
            throw new IOException("HTTP status " + response.statusCode() + " for " + response.uri());
        }
        return response.body();
    }
}
