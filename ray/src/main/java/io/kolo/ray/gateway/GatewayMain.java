package io.kolo.ray.gateway;

import io.kolo.ray.node.Folders;
import io.kolo.ray.node.Frame;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The main class of a gateway. It hears requests on its standard input, each with a number, and answers them on its
 * standard output as they are done; when its input ends, so does it, and with it all that it has on the cluster.
 */
public final class GatewayMain {
    private static final int BROKEN = 1;

    private final DataOutputStream out;
    private final Cluster cluster = new Cluster();

    /** Of the platform, since Ray's calls wait in native code. */
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("kolo-gateway-", 0).factory());

    private GatewayMain(DataOutputStream out) {
        this.out = out;
    }

    /**
     * Serves until the input ends.
     *
     * @param args the driver's folder, which a driver that was killed leaves behind
     */
    public static void main(String[] args) {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.err), true)); // for what Ray has to say
        try {
            new GatewayMain(out).serve(new DataInputStream(new BufferedInputStream(System.in)));
            Folders.delete(Path.of(args[0]));
            Runtime.getRuntime().halt(0);
        } catch (Throwable e) { // Ray has threads that would keep a process without its main thread alive
            e.printStackTrace();
            Runtime.getRuntime().halt(BROKEN);
        }
    }

    private void serve(DataInputStream in) throws IOException {
        cluster.open();
        answer(0, Frame.of("open"));
        try {
            while (true) {
                Frame request = Frame.read(in);
                threads.execute(() -> answer(request.number(0), answerTo(request.bytes(1))));
            }
        } catch (EOFException e) {
            cluster.close(); // the driver has closed, or is gone
        }
    }

    private Frame answerTo(byte[] request) {
        try {
            return cluster.answer(Frame.decode(request));
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
