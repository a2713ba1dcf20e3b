package io.kolo.executor.control;

import io.kolo.elastic.Generation;
import io.kolo.elastic.Order;
import io.kolo.elastic.Standing;
import io.kolo.elastic.StateName;
import io.kolo.executor.control.proto.FromMember;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Member;
import io.kolo.executor.control.proto.ToMember;
import io.kolo.executor.control.proto.World;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A coordinator and a worker on one control channel within this process. A job says little on it, and that has to be
 * quick: here it is said until the code is loaded and compiled.
 */
public final class ControlRehearsal {
    private static final System.Logger LOG = System.getLogger(ControlRehearsal.class.getName());
    private static final int TURNS = 300;
    private static final long CONNECT_S = 10;

    /** Once the channel stands. */
    private static final long MOST_NS = TimeUnit.SECONDS.toNanos(1);

    private static final int WORKER = 0;

    private static final Order.Form ORDER = new Order.Form(
            new Generation(1, StateName.INITIAL, 0, List.of(new io.kolo.elastic.Member(WORKER, "rehearsal", true))),
            List.of());

    private ControlRehearsal() {}

    /** Rehearses. On a machine that is slow, or busy, less is said: a start that takes long is worse. */
    public static void run() {
        JobAuthority authority = new JobAuthority();
        JobToken token = JobToken.random();
        BlockingQueue<Order> orders = new LinkedBlockingQueue<>();
        try (ControlServer server = ControlServer.ofCoordinator(
                        InetAddress.getLoopbackAddress().getHostAddress(),
                        authority.coordinator(),
                        token,
                        new Coordinator());
                ControlClient<FromMember, ToMember> worker = ControlClient.take(new ControlClient.Line<>(
                        server.address(),
                        authority.worker(WORKER),
                        token,
                        message -> orders.add(ElasticMessages.order(message.getForm())),
                        reason -> {}))) {
            worker.outbox()
                    .sendNow(FromMember.newBuilder()
                            .setHello(Hello.newBuilder().setSlot(WORKER).setVersions(Versions.OWN))
                            .build());
            FromMember standing = FromMember.newBuilder()
                    .setStanding(ElasticMessages.message(0, Standing.fresh(WORKER)))
                    .build();
            worker.outbox().sendNow(standing);
            Order answer = orders.poll(CONNECT_S, TimeUnit.SECONDS);
            long deadlineNs = System.nanoTime() + MOST_NS;
            for (int turn = 0; turn < TURNS && answer != null; turn++) {
                worker.outbox().sendNow(standing);
                answer = orders.poll(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "no port for a control channel within this process", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Coordinator implements MemberListener {
        private final World world = Worlds.of(ORDER.generation(), 0, "AUTO", Duration.ZERO)
                .addMembers(Member.newBuilder().setHost("rehearsal"))
                .build();

        @SuppressWarnings("NullAway.Init") // a worker comes before it says where it stands
        private volatile MemberConnection worker;

        @Override
        public void came(Hello hello, MemberConnection connection) {
            worker = connection;
        }

        @Override
        public void stands(int run, Standing standing) {
            worker.form(run, ORDER, world);
        }
    }
}
