package io.kolo.allreduce.aeron;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a rank listens. As text it is {@code HOST:PORT/MTU}.
 *
 * @param endpoint {@code HOST:PORT}
 * @param mtu the most bytes that a datagram through its interface carries whole; a larger one is cut into packets, and
 *     lost with any of them
 */
record Listening(String endpoint, int mtu) {
    private static final int IP_AND_UDP_HEADERS = 48; // IPv6's; IPv4's are 20 bytes less
    private static final int IPV4_HEADERS = 28;
    private static final int IPV4_LENGTH = 4;
    private static final int UNIT = 32; // of Aeron's frames
    private static final int MOST = 65_504;

    /** Reads what {@link #toString} has written. */
    static Listening of(String text) {
        int slash = text.indexOf('/');
        return new Listening(text.substring(0, slash), Integer.parseInt(text.substring(slash + 1)));
    }

    /** Returns what all lines between these carry whole: ranks cut what they send into the same chunks. */
    static int smallestMtu(List<Listening> ranks) {
        return ranks.stream().mapToInt(Listening::mtu).min().orElse(MOST);
    }

    /**
     * Returns what the interface with an address carries.
     *
     * @throws IllegalStateException if no interface has it
     */
    static int mtuAt(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            NetworkInterface at = address.isLoopbackAddress() ? loopback() : NetworkInterface.getByInetAddress(address);
            if (at == null) {
                throw new IllegalStateException("no network interface of this machine has the address " + host);
            }
            int headers = address.getAddress().length == IPV4_LENGTH ? IPV4_HEADERS : IP_AND_UDP_HEADERS;
            return Math.min(MOST, (at.getMTU() - headers) / UNIT * UNIT);
        } catch (IOException e) {
            throw new UncheckedIOException("the network interface of " + host + " can't be asked", e);
        }
    }

    /** All of 127.0.0.0/8 is its, though it names only one. */
    private static @Nullable NetworkInterface loopback() throws SocketException {
        for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            if (each.isLoopback()) {
                return each;
            }
        }
        return null;
    }

    /** Returns its host. */
    String host() {
        return endpoint.substring(0, endpoint.lastIndexOf(':'));
    }

    @Override
    public String toString() {
        return endpoint + "/" + mtu;
    }
}
