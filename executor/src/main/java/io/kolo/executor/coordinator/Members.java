package io.kolo.executor.coordinator;

import io.kolo.executor.control.MemberConnection;
import io.kolo.executor.control.proto.Hello;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The workers that have come to a coordinator. For one thread. */
final class Members {
    private record Member(Hello hello, MemberConnection connection) {}

    private final Map<Integer, Member> members = new HashMap<>();

    /** A worker is here, or here again. */
    void came(Hello hello, MemberConnection connection) {
        members.put(hello.getSlot(), new Member(hello, connection));
    }

    /** Returns what a worker said of itself; null if it never came. */
    @Nullable
    Hello hello(int worker) {
        Member member = members.get(worker);
        return member == null ? null : member.hello;
    }

    /** Returns the way to a worker; null if it never came. */
    @Nullable
    MemberConnection connection(int worker) {
        Member member = members.get(worker);
        return member == null ? null : member.connection;
    }
}
