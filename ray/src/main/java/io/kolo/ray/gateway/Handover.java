package io.kolo.ray.gateway;

import io.kolo.ray.node.Folders;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * From a driver that is killed to the one that takes its place, which whoever launched the first one launches: what it
 * has to know, and a socket in the launcher's folder, which its user alone can enter.
 */
final class Handover implements AutoCloseable {
    private static final long PATIENCE_NS = TimeUnit.MINUTES.toNanos(1);
    private static final long LOOK_UP_MS = 100;

    private byte @Nullable [] kept;
    private Path socket = Path.of("");
    private Optional<ProcessHandle> launcher = Optional.empty();
    private @Nullable ServerSocketChannel server;

    /**
     * Keeps what the next driver has to know; from the first time on there may be one.
     *
     * @param socket where it is to come
     * @param launcher the number of the process that launches it
     */
    synchronized void keep(Path socket, long launcher, byte[] what) throws IOException {
        if (server == null) {
            this.socket = socket;
            this.launcher = ProcessHandle.of(launcher);
            server = listen(socket);
        }
        kept = what;
    }

    private static ServerSocketChannel listen(Path socket) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        channel.bind(UnixDomainSocketAddress.of(socket));
        channel.configureBlocking(false);
        return channel;
    }

    /** Returns what was kept last; null if nothing was. */
    synchronized byte @Nullable [] kept() {
        return kept;
    }

    /** Waits for the next driver; returns null if none will come: its launcher is gone, or it takes too long. */
    @Nullable
    SocketChannel next() throws IOException {
        ServerSocketChannel listening = listening();
        if (listening == null) {
            return null;
        }
        try (Selector selector = Selector.open()) {
            var unusedKey = listening.register(selector, listening.validOps());
            long deadlineNs = System.nanoTime() + PATIENCE_NS;
            SocketChannel driver = null;
            while (driver == null && System.nanoTime() - deadlineNs < 0 && isLauncherThere()) {
                var unusedCount = selector.select(LOOK_UP_MS);
                driver = listening.accept();
            }
            return driver;
        }
    }

    private synchronized @Nullable ServerSocketChannel listening() {
        return server;
    }

    private synchronized boolean isLauncherThere() {
        return launcher.isPresent() && launcher.get().isAlive();
    }

    /** There will be no other driver. */
    @Override
    public synchronized void close() throws IOException {
        if (server != null) {
            server.close();
            server = null;
            Folders.delete(
                    isLauncherThere() ? socket : socket.resolveSibling(".").normalize());
        }
    }
}
