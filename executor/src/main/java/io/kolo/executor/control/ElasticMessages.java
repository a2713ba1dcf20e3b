package io.kolo.executor.control;

import io.kolo.elastic.Generation;
import io.kolo.elastic.Member;
import io.kolo.elastic.Order;
import io.kolo.elastic.Standing;
import io.kolo.elastic.StateName;
import io.kolo.executor.control.proto.Form;
import io.kolo.executor.control.proto.Seat;
import io.kolo.executor.control.proto.World;
import java.util.ArrayList;
import java.util.List;

/** The elastic protocol's words on the control channel, there and back. */
public final class ElasticMessages {
    private ElasticMessages() {}

    /** Returns what a worker sends. */
    public static io.kolo.executor.control.proto.Standing message(int run, Standing standing) {
        return io.kolo.executor.control.proto.Standing.newBuilder()
                .setRun(run)
                .setGeneration(standing.generation())
                .setPromised(standing.promised())
                .setState(message(standing.state()))
                .setFinished(standing.finished())
                .setWaiting(standing.waiting())
                .setBlamed(standing.blamed())
                .setPrepared(standing.prepared())
                .build();
    }

    /** Returns what a worker has sent. */
    public static Standing standing(int worker, io.kolo.executor.control.proto.Standing message) {
        return new Standing(
                worker,
                message.getGeneration(),
                message.getPromised(),
                name(message.getState()),
                message.getFinished(),
                message.getWaiting(),
                message.getBlamed(),
                message.getPrepared());
    }

    private static io.kolo.executor.control.proto.StateName message(StateName name) {
        return io.kolo.executor.control.proto.StateName.newBuilder()
                .setStep(name.step())
                .setGeneration(name.generation())
                .build();
    }

    private static StateName name(io.kolo.executor.control.proto.StateName message) {
        return new StateName(message.getStep(), message.getGeneration());
    }

    /** Returns the announcement of a generation; {@code world} has the members' addresses, by rank. */
    public static Form message(Order.Form order, World world) {
        Generation generation = order.next();
        Form.Builder form = Form.newBuilder()
                .setWorld(world)
                .setBase(message(generation.base()))
                .setDealt(generation.dealt())
                .addAllDeparted(order.departed());
        generation
                .members()
                .forEach(member -> form.addSeats(
                        Seat.newBuilder().setWorker(member.worker()).setHolder(member.holder())));
        return form.build();
    }

    /**
     * Returns what was announced.
     *
     * @throws IllegalArgumentException if the announcement contradicts itself
     */
    public static Order.Form order(Form form) {
        World world = form.getWorld();
        if (form.getSeatsCount() != world.getMembersCount()) {
            throw new IllegalArgumentException(
                    form.getSeatsCount() + " seats for " + world.getMembersCount() + " members");
        }
        List<Member> members = new ArrayList<>();
        for (int rank = 0; rank < form.getSeatsCount(); rank++) {
            Seat seat = form.getSeats(rank);
            members.add(new Member(seat.getWorker(), world.getMembers(rank).getHost(), seat.getHolder()));
        }
        return new Order.Form(
                new Generation(world.getGeneration(), name(form.getBase()), form.getDealt(), members),
                form.getDepartedList());
    }

    /** Returns the order to prepare for a world. */
    public static Order.Prepare preparation(World planned) {
        return new Order.Prepare(
                planned.getGeneration() - 1,
                planned.getMembersList().stream()
                        .map(io.kolo.executor.control.proto.Member::getBundle)
                        .toList());
    }

    /** Returns an order that goes without a world. */
    public static io.kolo.executor.control.proto.Order message(Order order) {
        io.kolo.executor.control.proto.Order.Builder message =
                io.kolo.executor.control.proto.Order.newBuilder().setGeneration(order.generation());
        return switch (order) {
            case Order.Collect collect ->
                message.setKind(io.kolo.executor.control.proto.Order.Kind.COLLECT)
                        .build();
            case Order.Halt halt ->
                message.setKind(io.kolo.executor.control.proto.Order.Kind.HALT).build();
            case Order.Release release ->
                message.setKind(io.kolo.executor.control.proto.Order.Kind.RELEASE)
                        .build();
            case Order.Leave leave ->
                message.setKind(io.kolo.executor.control.proto.Order.Kind.LEAVE)
                        .setReason(leave.reason())
                        .build();
            case Order.Form form -> throw new IllegalArgumentException("a generation is announced with its world");
            case Order.Prepare prepare -> throw new IllegalArgumentException("a world says what to prepare for");
        };
    }

    /**
     * Returns an order that was sent.
     *
     * @throws IllegalArgumentException if this version does not know it
     */
    public static Order order(io.kolo.executor.control.proto.Order message) {
        int generation = message.getGeneration();
        return switch (message.getKind()) {
            case COLLECT -> new Order.Collect(generation);
            case HALT -> new Order.Halt(generation);
            case RELEASE -> new Order.Release(generation);
            case LEAVE -> new Order.Leave(generation, message.getReason());
            case UNKNOWN, UNRECOGNIZED -> throw new IllegalArgumentException("an order of an unknown kind");
        };
    }
}
