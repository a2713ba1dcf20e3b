package io.kolo.ray.gateway;

import io.kolo.ray.node.Folders;
import io.kolo.ray.node.Frame;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The main class of a gateway. It hears requests on its standard input, each with a number, and answers them on its
 * standard output as they are done; when its input ends, so does it, and with it all that it has on the cluster. If the
 * driver has something kept for another one, it waits for that one first, unless the driver says goodbye.
 */
public final class GatewayMain {
    private static final int BROKEN = 1;
    private static final long LAST_ANSWERS_S = 10;

    private final Cluster cluster = new Cluster();
    private final Handover handover = new Handover();

    /** The driver's, which it leaves behind when it is killed; those of drivers before it the next one sweeps away. */
    private volatile Path folder;

    private GatewayMain(Path folder) {
        this.folder = folder;
    }

    /**
     * Serves until the input ends.
     *
     * @param args the driver's folder
     */
    public static void main(String[] args) {
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.err), true)); // for what Ray has to say
        try {
            GatewayMain gateway = new GatewayMain(Path.of(args[0]));
            gateway.serve(out);
            Folders.delete(gateway.folder);
            Runtime.getRuntime().halt(0);
        } catch (Throwable e) { // Ray has threads that would keep a process without its main thread alive
            e.printStackTrace();
            Runtime.getRuntime().halt(BROKEN);
        }
    }

    private void serve(OutputStream out) throws IOException, InterruptedException {
        cluster.open();
        try (handover) {
            boolean over = new Driver(System.in, out).serve();
            while (!over) {
                over = serveNext();
            }
        } finally {
            cluster.close();
        }
    }

    private boolean serveNext() throws IOException, InterruptedException {
        try (SocketChannel next = handover.next()) {
            return next == null || new Driver(Channels.newInputStream(next), Channels.newOutputStream(next)).serve();
        }
    }

    /** One driver, as long as it is there. */
    private final class Driver {
        private final DataInputStream in;
        private final DataOutputStream out;

        /** Of the platform, since Ray's calls wait in native code. */
        private final ExecutorService threads = Executors.newCachedThreadPool(
                Thread.ofPlatform().daemon().name("kolo-gateway-", 0).factory());

        Driver(InputStream in, OutputStream out) {
            this.in = new DataInputStream(new BufferedInputStream(in));
            this.out = new DataOutputStream(new BufferedOutputStream(out));
        }

        /** Answers its requests until there are no more; returns whether it has said goodbye. */
        boolean serve() throws InterruptedException {
            answer(0, Frame.of("open", ProcessHandle.current().pid()));
            boolean goodbye = false;
            try {
                while (!goodbye) {
                    Frame frame = Frame.read(in);
                    Frame request = Frame.decode(frame.bytes(1));
                    goodbye = request.word().equals("goodbye");
                    threads.execute(() -> answer(frame.number(0), answerTo(request)));
                }
            } catch (IOException e) {
                if (handover.kept() != null) { // what was asked for last is done before another one asks what there is
                    threads.shutdown();
                    var unused = threads.awaitTermination(LAST_ANSWERS_S, TimeUnit.SECONDS);
                }
            }
            return goodbye;
        }

        private Frame answerTo(Frame request) {
            try {
                return switch (request.word()) {
                    case "keep" -> {
                        handover.keep(Path.of(request.text(1)), request.number(2), request.bytes(3));
                        yield Frame.of("kept");
                    }
                    case "kept" -> {
                        folder = Path.of(request.text(1));
                        yield Frame.of("kept", Objects.requireNonNull(handover.kept()));
                    }
                    case "goodbye" -> Frame.of("goodbye");
                    default -> cluster.answer(request);
                };
            } catch (Throwable e) { // Ray's have many types, and the driver waits for an answer
                return Frame.of("failed", e.getMessage() == null ? e.toString() : e.getMessage());
            }
        }

        private void answer(long number, Frame answer) {
            try {
                synchronized (out) {
                    Frame.of(String.valueOf(number), answer.encode()).write(out);
                    out.flush();
                }
            } catch (IOException e) {
                // The driver is gone; so is the input.
            }
        }
    }
}
