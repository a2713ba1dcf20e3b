package io.kolo.executor.worker;

import io.kolo.executor.control.ControlClient;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.control.proto.FromMember;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Standing;
import io.kolo.executor.control.proto.ToMember;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A worker's way to the coordinator of its elastic job, which may die, and be started again elsewhere. */
final class CoordinatorLink {
    private static final System.Logger LOG = System.getLogger(CoordinatorLink.class.getName());

    private final WorkerEnvironment environment;
    private final FromMember hello;
    private final Consumer<ToMember> orders;
    private volatile @Nullable ControlClient<FromMember, ToMember> client;

    /** Where it leads; empty if nowhere. */
    private volatile String connected = "";

    /**
     * A link that leads nowhere yet.
     *
     * @param hello says who this worker is
     * @param orders takes what the coordinator says, on the thread that reads the channel
     */
    CoordinatorLink(WorkerEnvironment environment, Hello hello, Consumer<ToMember> orders) {
        this.environment = environment;
        this.hello = FromMember.newBuilder().setHello(hello).build();
        this.orders = orders;
    }

    /** The coordinator is at this address now; a driver that has taken the place of another one says so again. */
    void connect(String address) {
        if (address.equals(connected)) {
            return;
        }
        connected = address;
        ControlClient<FromMember, ToMember> before = client;
        ControlClient<FromMember, ToMember> next = ControlClient.take(new ControlClient.Line<>(
                address, environment.identity(), environment.token(), orders, reason -> ended(address, reason)));
        next.outbox().sendNow(hello);
        client = next;
        if (before != null) {
            before.close();
        }
    }

    private void ended(String address, String reason) {
        LOG.log(System.Logger.Level.DEBUG, "the coordinator is gone: {0}", reason);
        if (address.equals(connected)) {
            connected = "";
        }
    }

    /** Says where the worker stands, if there is a coordinator to hear it. */
    void tell(Standing standing) {
        ControlClient<FromMember, ToMember> current = client;
        if (current != null) {
            current.outbox()
                    .sendNow(FromMember.newBuilder().setStanding(standing).build());
        }
    }
}
