package io.kolo.ray;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Speaks with the HTTP server of a cluster's head, which Ray calls its dashboard. */
final class Dashboard {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Duration UPLOAD_TIMEOUT = Duration.ofMinutes(30);
    private static final Set<String> SCHEMES = Set.of("http", "https");
    private static final String AUTHORIZATION = "authorization";
    private static final int OK = 200;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;

    private final URI address;
    private final Optional<String> token = RayToken.header();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();

    /**
     * Names the server; connects with nobody yet.
     *
     * @param address such as {@code http://10.0.0.1:8265}
     */
    Dashboard(String address) {
        try {
            this.address = new URI(address.endsWith("/") ? address : address + "/");
        } catch (URISyntaxException e) {
            throw notAnAddress(address, e);
        }
        if (!SCHEMES.contains(String.valueOf(this.address.getScheme())) || this.address.getHost() == null) {
            throw notAnAddress(address, null);
        }
    }

    private static IllegalArgumentException notAnAddress(String address, @Nullable URISyntaxException cause) {
        return new IllegalArgumentException(
                "'" + address + "' is no address of Ray's dashboard: give such as http://10.0.0.1:8265", cause);
    }

    /** Returns the JSON at a path, or nothing if the server does not know it. */
    Optional<JsonElement> get(String path) {
        HttpResponse<String> response = send(request(path, TIMEOUT).GET().build());
        return response.statusCode() == NOT_FOUND ? Optional.empty() : Optional.of(json(response));
    }

    /** Returns whether there is something at a path. */
    boolean has(String path) {
        HttpResponse<String> response = send(request(path, TIMEOUT).GET().build());
        if (response.statusCode() == NOT_FOUND) {
            return false;
        }
        var unused = checked(response);
        return true;
    }

    /** Posts JSON; returns the answer, or nothing if the server does not know the path. */
    Optional<JsonElement> post(String path, JsonElement body) {
        HttpResponse<String> response = send(request(path, TIMEOUT)
                .header("content-type", "application/json")
                .POST(BodyPublishers.ofString(body.toString()))
                .build());
        return response.statusCode() == NOT_FOUND ? Optional.empty() : Optional.of(json(response));
    }

    /**
     * Puts bytes.
     *
     * @param sent hears how many bytes more are under way
     */
    void put(String path, byte[] bytes, LongConsumer sent) {
        BodyPublisher body = BodyPublishers.ofInputStream(() -> new Counted(new ByteArrayInputStream(bytes), sent));
        checked(send(request(path, UPLOAD_TIMEOUT)
                .PUT(BodyPublishers.fromPublisher(body, bytes.length))
                .build()));
    }

    /** Tells what is read from it. */
    private static final class Counted extends FilterInputStream {
        private final LongConsumer counter;

        Counted(InputStream in, LongConsumer counter) {
            super(in);
            this.counter = counter;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count = super.read(bytes, offset, length);
            if (count > 0) {
                counter.accept(count);
            }
            return count;
        }
    }

    /**
     * Hears text from a path until the server ends it.
     *
     * @return ends with it, or with what broke it
     */
    CompletableFuture<Void> listen(String path, Consumer<String> text) {
        CompletableFuture<Void> end = new CompletableFuture<>();
        WebSocket.Builder builder = http.newWebSocketBuilder().connectTimeout(CONNECT_TIMEOUT);
        token.ifPresent(header -> builder.header(AUTHORIZATION, header));
        URI target = address.resolve(path);
        URI webSocket = URI.create("ws" + target.toString().substring("http".length()));
        CompletableFuture<WebSocket> opened = builder.buildAsync(webSocket, new WebSocket.Listener() {
            @Override
            public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                text.accept(data.toString());
                socket.request(1);
                return null;
            }

            @Override
            public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
                if (status == WebSocket.NORMAL_CLOSURE) {
                    end.complete(null);
                } else {
                    end.completeExceptionally(new IOException("closed with " + status + " " + reason));
                }
                return null;
            }

            @Override
            public void onError(WebSocket socket, Throwable error) {
                end.completeExceptionally(error);
            }
        });
        var unused = opened.whenComplete((socket, error) -> {
            if (error != null) {
                end.completeExceptionally(error);
            }
        });
        return end;
    }

    private HttpRequest.Builder request(String path, Duration timeout) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(address.resolve(path)).timeout(timeout);
        token.ifPresent(header -> request.header(AUTHORIZATION, header));
        return request;
    }

    private HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (ConnectException | HttpConnectTimeoutException e) {
            throw new IllegalArgumentException(
                    "no dashboard answers at " + this + " (" + e.getClass().getSimpleName()
                            + "): give the address that 'ray start --head --include-dashboard=true' has said",
                    e);
        } catch (IOException e) {
            throw new IllegalStateException(this + " has not answered: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the thread that waits for " + this + " was interrupted", e);
        }
    }

    private JsonElement json(HttpResponse<String> response) {
        try {
            return JsonParser.parseString(checked(response));
        } catch (JsonParseException e) {
            throw new IllegalArgumentException("what answers at " + this + " is no dashboard of Ray's", e);
        }
    }

    /** Returns the body of a good answer; a bad one's last line says what Ray did not like. */
    private String checked(HttpResponse<String> response) {
        int status = response.statusCode();
        if (status == UNAUTHORIZED || status == FORBIDDEN) {
            throw new IllegalArgumentException(this + " refuses Kolo: " + RayToken.ADVICE);
        }
        if (status != OK) {
            String[] lines = response.body().strip().split("\n", -1);
            throw new IllegalStateException(this + " answers " + status + " to "
                    + response.request().method() + " " + response.uri().getPath() + ": " + lines[lines.length - 1]);
        }
        return response.body();
    }

    @Override
    public String toString() {
        String text = address.toString();
        return text.substring(0, text.length() - 1);
    }
}
