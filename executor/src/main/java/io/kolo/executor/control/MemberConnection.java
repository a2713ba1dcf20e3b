package io.kolo.executor.control;

import io.kolo.elastic.Order;
import io.kolo.executor.control.proto.ToMember;
import io.kolo.executor.control.proto.World;

/** The coordinator's way to one worker. A connection that broke takes messages and drops them. */
public final class MemberConnection {
    private final Outbox<ToMember> outbox;

    MemberConnection(Outbox<ToMember> outbox) {
        this.outbox = outbox;
    }

    /** Announces a generation; {@code world} has the members' addresses, and is each member's own. */
    public void form(int run, Order.Form order, World world) {
        outbox.sendNow(ToMember.newBuilder()
                .setRun(run)
                .setForm(ElasticMessages.message(order, world))
                .build());
    }

    /** Tells who will be next; {@code world} is that of the generation to come, as this worker is to get it. */
    public void prepare(int run, World world) {
        outbox.sendNow(ToMember.newBuilder().setRun(run).setPrepare(world).build());
    }

    /** Gives any other order. */
    public void order(int run, Order order) {
        outbox.sendNow(ToMember.newBuilder()
                .setRun(run)
                .setOrder(ElasticMessages.message(order))
                .build());
    }
}
