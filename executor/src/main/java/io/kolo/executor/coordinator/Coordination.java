package io.kolo.executor.coordinator;

import io.kolo.checkpoint.GenerationRecord;
import io.kolo.checkpoint.Journal;
import io.kolo.elastic.Action;
import io.kolo.elastic.ElasticRules;
import io.kolo.elastic.Generation;
import io.kolo.elastic.Lineage;
import io.kolo.elastic.Member;
import io.kolo.elastic.Membership;
import io.kolo.elastic.Order;
import io.kolo.elastic.Standing;
import io.kolo.elastic.StateName;
import io.kolo.executor.control.JobToken;
import io.kolo.executor.control.MemberConnection;
import io.kolo.executor.control.Worlds;
import io.kolo.executor.control.proto.Began;
import io.kolo.executor.control.proto.Done;
import io.kolo.executor.control.proto.Formed;
import io.kolo.executor.control.proto.Gone;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.News;
import io.kolo.executor.control.proto.Run;
import io.kolo.executor.control.proto.World;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The coordination of one training: {@link Membership} decides, this writes the journal, and tells workers and driver.
 * A training that has a journal goes on. For one thread.
 */
final class Coordination implements AutoCloseable {
    private final Run settings;
    private final JobToken token;
    private final Members members;
    private final Consumer<News> driver;
    private final Journal journal;
    private final Membership membership;
    private final Set<Integer> stood = new HashSet<>();
    private final Set<Integer> draining = new HashSet<>();

    /** What a driver has to know of this training. */
    private final List<News> told = new ArrayList<>();

    private @Nullable String waiting;

    /** What was announced last, or is to be prepared for. */
    private @Nullable Announced world;

    private record Announced(int generation, List<Integer> workers, World world) {}

    /**
     * Begins, or goes on.
     *
     * @param journal a folder
     * @param members who is there
     * @param driver takes the news
     */
    Coordination(Run settings, Path journal, JobToken token, Members members, Consumer<News> driver) {
        this.settings = settings;
        this.token = token;
        this.members = members;
        this.driver = driver;
        this.journal = Journal.open(journal);
        Lineage lineage = new Lineage(
                this.journal.records().stream().map(Coordination::generation).toList());
        this.membership = new Membership(rules(settings), lineage, System.nanoTime());
        tell(News.newBuilder().setBegan(Began.getDefaultInstance()));
        if (membership.current().number() > 0) {
            tellFormed(membership.current());
        }
    }

    private static ElasticRules rules(Run run) {
        return new ElasticRules(
                run.getMinWorkers(),
                run.getMaxWorkers(),
                run.getResetLimit(),
                Duration.ofMillis(run.getElasticTimeoutMs()),
                Duration.ofMillis(run.getCollectTimeoutMs()),
                Duration.ofMillis(run.getStartTimeoutMs()));
    }

    int number() {
        return settings.getNumber();
    }

    /** A worker says where it stands. */
    void heard(Standing standing, long nowNs) {
        stood.add(standing.worker());
        membership.heard(
                standing,
                Objects.requireNonNull(members.hello(standing.worker())).getHost(),
                nowNs);
        act(nowNs);
    }

    /** A worker is gone. */
    void lost(int worker, String reason, long nowNs) {
        membership.lost(worker, reason, nowNs);
        act(nowNs);
    }

    /** A worker is to leave between two steps; it may not have come yet. */
    void drain(int worker) {
        draining.add(worker);
    }

    /**
     * Time has passed.
     *
     * @param expected the workers that are there, or on their way
     */
    void turn(Set<Integer> expected, long nowNs) {
        membership.expect((int)
                expected.stream().filter(worker -> !stood.contains(worker)).count());
        draining.forEach(worker -> membership.drain(worker, nowNs));
        membership.turn(nowNs);
        act(nowNs);
    }

    private void act(long nowNs) {
        List<Action> actions = membership.actions();
        while (!actions.isEmpty()) {
            actions.forEach(action -> act(action, nowNs));
            actions = membership.actions();
        }
        String reason = membership.waitingFor();
        if (membership.current().number() > 0 && reason != null && !reason.equals(waiting)) {
            tell(News.newBuilder().setWaiting(reason));
        }
        waiting = reason;
    }

    private void act(Action action, long nowNs) {
        switch (action) {
            case Action.Tell tell -> tell(tell.worker(), tell.order());
            case Action.Journal write -> {
                Generation next = write.generation();
                if (journal.append(record(next))) {
                    membership.recorded(next, nowNs);
                    List<Action> then = membership.actions();
                    then.stream()
                            .filter(Coordination::isOrder)
                            .forEach(order -> act(order, nowNs)); // they are waited for
                    tellFormed(next);
                    then.stream().filter(other -> !isOrder(other)).forEach(other -> act(other, nowNs));
                } else {
                    membership.deposed("the journal has another generation " + next.number());
                }
            }
            case Action.Evict evict ->
                tell(News.newBuilder()
                        .setEvicted(Gone.newBuilder().setWorker(evict.worker()).setReason(evict.reason())));
            case Action.Done over -> tell(News.newBuilder().setDone(Done.getDefaultInstance()));
            case Action.GiveUp giveUp -> tell(News.newBuilder().setGaveUp(giveUp.reason()));
            case Action.StepDown down ->
                throw new IllegalStateException("this coordinator steps down: " + down.reason());
        }
    }

    private static boolean isOrder(Action action) {
        return action instanceof Action.Tell;
    }

    private void tellFormed(Generation generation) {
        tell(News.newBuilder()
                .setFormed(Formed.newBuilder()
                        .setGeneration(generation.number())
                        .addAllWorkers(workers(generation))
                        .setStep(generation.base().step())));
    }

    private void tell(News.Builder news) {
        News told = news.setRun(number()).build();
        if (told.hasFormed()) {
            this.told.removeIf(News::hasFormed);
        }
        if (!told.hasWaiting()) {
            this.told.add(told);
        }
        driver.accept(told);
    }

    /** Tells a driver that has taken the place of another one what there was to know. */
    void tellAgain() {
        told.forEach(driver);
    }

    private void tell(int worker, Order order) {
        MemberConnection connection = members.connection(worker);
        if (connection == null) {
            return;
        }
        switch (order) {
            case Order.Form form -> {
                World world = world(form.generation(), workers(form.next()), worker);
                if (world != null) {
                    connection.form(number(), form, world);
                }
            }
            case Order.Prepare prepare -> {
                World world = world(prepare.generation() + 1, prepare.workers(), worker);
                if (world != null) {
                    connection.prepare(number(), world);
                }
            }
            case Order.Leave leave -> {
                tell(News.newBuilder()
                        .setLeft(Gone.newBuilder().setWorker(worker).setReason(leave.reason())));
                connection.order(number(), leave);
            }
            case Order.Collect collect -> connection.order(number(), collect);
            case Order.Halt halt -> connection.order(number(), halt);
            case Order.Release release -> connection.order(number(), release);
        }
    }

    private static List<Integer> workers(Generation generation) {
        return generation.members().stream().map(Member::worker).toList();
    }

    /** Null until all members have come to this coordinator; an order is said again. */
    private @Nullable World world(int generation, List<Integer> workers, int worker) {
        if (world == null || world.generation != generation || !world.workers.equals(workers)) {
            World made = world(generation, workers);
            world = made == null ? null : new Announced(generation, workers, made);
        }
        return world == null
                ? null
                : world.world.toBuilder().setRank(workers.indexOf(worker)).build();
    }

    private @Nullable World world(int generation, List<Integer> workers) {
        World.Builder world = Worlds.of(
                generation,
                token.key(number(), generation, workers),
                settings.getTransport(),
                Duration.ofMillis(settings.getCollectiveTimeoutMs()));
        for (int member : workers) {
            Hello hello = members.hello(member);
            if (hello == null) {
                return null;
            }
            world.addMembers(Worlds.member(hello, member));
        }
        return world.build();
    }

    private static GenerationRecord record(Generation generation) {
        return new GenerationRecord(
                generation.number(),
                generation.base().step(),
                generation.base().generation(),
                generation.dealt(),
                generation.members().stream()
                        .map(member -> new GenerationRecord.Member(member.worker(), member.host(), member.holder()))
                        .toList());
    }

    private static Generation generation(GenerationRecord record) {
        return new Generation(
                record.number(),
                new StateName(record.baseStep(), record.baseGeneration()),
                record.dealt(),
                record.members().stream()
                        .map(member -> new Member(member.worker(), member.host(), member.holder()))
                        .toList());
    }

    @Override
    public void close() {
        journal.close();
    }
}
