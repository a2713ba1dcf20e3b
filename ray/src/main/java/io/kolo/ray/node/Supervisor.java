package io.kolo.ray.node;

import io.ray.api.Ray;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The actor in a bundle: it starts the bundle's workers, relays what they write and how they end, and kills them when
 * told to. What it is asked and answers are {@link Frame}s, since little else passes through Ray unchanged.
 */
public final class Supervisor {
    /** Lines that nobody has fetched yet; then the workers wait until somebody does. */
    private static final int MOST_NEWS = 10_000;

    private static final long KILL_TIMEOUT_MS = 1000;

    private final Sealed key;
    private final Map<String, Child> children = new ConcurrentHashMap<>();
    private final News news = new News(MOST_NEWS);
    private final JarStore jars;
    private @Nullable NodeFolder folder;

    /** Called by Ray, on the node. */
    public Supervisor() throws IOException {
        this(new Sealed());
    }

    Supervisor(Sealed key) throws IOException {
        this.key = key;
        this.jars = JarStore.open();
    }

    /** Answers a request; what goes wrong is an answer, too, since exceptions don't pass through Ray. */
    public byte[] ask(byte[] request) {
        return answer(request, new byte[0]);
    }

    /** Answers a request that comes with data, which Ray has in its store. */
    public byte[] bring(byte[] request, byte[] data) {
        return answer(request, data);
    }

    private byte[] answer(byte[] request, byte[] data) {
        try {
            return answerTo(Frame.decode(request), data).encode();
        } catch (Throwable e) { // whatever it is, the driver waits for an answer
            return Frame.of("failed", e.toString()).encode();
        }
    }

    private Frame answerTo(Frame request, byte[] data) throws IOException, InterruptedException {
        switch (request.word()) {
            case "describe":
                return describe();
            case "lacks":
                return Frame.of("lacks", lacking(request.texts(1)));
            case "append":
                jars.append(
                        request.text(1),
                        request.number(2),
                        data,
                        request.text(3).equals("last"));
                return Frame.of("done");
            case "launch":
                return Frame.of("launched", launch(new Launch(Frame.decode(key.open(request.tail())))));
            case "kill":
                Child child = children.get(request.text(1));
                if (child != null) {
                    child.kill();
                }
                return Frame.of("done");
            case "leave":
                leave();
                return Frame.of("done");
            case "news":
                return news.after(request.number(1), request.number(2));
            case "children":
                return Frame.of("children", children());
            default:
                throw new IllegalArgumentException("the supervisor does not know how to " + request.word());
        }
    }

    /** Says where it is and what is there: node, GPUs, the {@code java} for workers or nothing, its key. */
    private Frame describe() {
        String gpus = Ray.getRuntimeContext().getGpuIds().stream()
                .map(String::valueOf)
                .collect(Collectors.joining(","));
        return Frame.of(
                "here",
                Ray.getRuntimeContext().getCurrentNodeId().toString(),
                gpus,
                JavaHomes.find().map(Path::toString).orElse(""),
                key.publicKey());
    }

    private List<String> lacking(List<String> digests) throws IOException {
        List<String> lacking = new ArrayList<>();
        for (String digest : digests) {
            if (!jars.has(digest)) {
                lacking.add(digest);
            }
        }
        return lacking;
    }

    /** Starts a worker; returns the number of its process. */
    private synchronized long launch(Launch what) throws IOException {
        if (folder == null || !folder.isThere()) {
            folder = NodeFolder.enter(what.job());
        }
        ProcessBuilder command = what.command(jars, folder.of(what.name()));
        Child child = Child.start(command, line -> put(Frame.of("line", what.name(), line)));
        children.put(what.name(), child);
        child.onExit(code -> {
            try {
                ended(what.name(), child);
            } catch (IOException e) {
                put(Frame.of("line", what.name(), "its folder stays: " + e));
            }
            put(Frame.of("exit", what.name(), code, child.pid()));
        });
        return child.pid();
    }

    /** With the last worker goes what they had in memory: this process may be killed, and can't tidy up then. */
    private synchronized void ended(String name, Child child) throws IOException {
        if (children.remove(name, child) && folder != null) {
            folder.discard(name);
            if (children.isEmpty() && !folder.hasJournals()) {
                leaveFolder();
            }
        }
    }

    /** Returns the names of the processes that live, each with its number after it. */
    private List<Object> children() {
        List<Object> living = new ArrayList<>();
        children.forEach((name, child) -> living.addAll(List.of(name, child.pid())));
        return living;
    }

    private synchronized void leave() throws IOException, InterruptedException {
        children.values().forEach(Child::kill);
        for (Map.Entry<String, Child> last : Map.copyOf(children).entrySet()) {
            last.getValue().awaitEnd(KILL_TIMEOUT_MS);
            ended(last.getKey(), last.getValue());
        }
        leaveFolder();
    }

    private synchronized void leaveFolder() throws IOException {
        if (folder != null) {
            folder.leave();
            folder = null;
        }
    }

    private void put(Frame event) {
        try {
            news.put(event);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts it
        }
    }
}
