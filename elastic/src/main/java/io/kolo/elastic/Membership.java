package io.kolo.elastic;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's side of the protocol: what happens to workers goes in, {@link Action}s come out. There is one way
 * for every change, be it a loss, a join or a departure: all freeze and say where they stand, the next generation is
 * decided, journaled, announced. Until somebody comes or goes it says nothing, and workers train on without it.
 *
 * <p>For one thread. After each event the shell takes the {@link #actions()}; it calls {@link #turn} often. A
 * coordinator that is started again gets the journal's lineage and hears from the workers where they stand.
 */
public final class Membership {
    /** Where the coordinator is. */
    public enum Phase {
        /** The members train. */
        RUNNING,
        /** They are told to freeze, and say where they stand. */
        COLLECTING,
        /** There are too few. */
        WAITING,
        /** The next generation is being journaled. */
        RECORDING,
        /** All have finished. */
        DONE,
        /** It has given up, or stepped down. */
        OVER
    }

    /** What was told is told again after this time, until it shows. */
    public static final long REPEAT_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ElasticRules rules;
    private final Lineage lineage;
    private final Roster roster = new Roster();
    private final Preparation preparation = new Preparation();
    private final List<Action> actions = new ArrayList<>();
    private Phase phase;
    private long deadlineNs;
    private long waitingSinceNs;
    private final long startDeadlineNs;
    private long turnedNs;
    private long collectFromNs;
    private long haltingSinceNs;
    private boolean trained;
    private boolean lossSeen;
    private String lastLoss = "lost before this coordinator came";

    /**
     * Whether the first to freeze did so because it waited in vain; else others may be idle because they were told to
     * freeze.
     */
    private boolean inVain;

    private int coming;
    private @Nullable String waitingFor;

    /**
     * A coordinator of a job.
     *
     * @param lineage what its journal has; empty for a new job
     * @param nowNs the time
     */
    public Membership(ElasticRules rules, Lineage lineage, long nowNs) {
        this.rules = rules;
        this.lineage = lineage;
        this.trained = lineage.current().number() > 0;
        this.phase = trained ? Phase.RUNNING : Phase.WAITING;
        this.deadlineNs = nowNs + rules.collectTimeout().toNanos();
        this.waitingSinceNs = nowNs;
        this.turnedNs = nowNs;
        this.haltingSinceNs = nowNs;
        this.startDeadlineNs = nowNs + rules.startTimeout().toNanos();
    }

    /** Returns what is to be done now, and forgets it. */
    public List<Action> actions() {
        List<Action> now = List.copyOf(actions);
        actions.clear();
        return now;
    }

    /** Returns where it is. */
    public Phase phase() {
        return phase;
    }

    /** Returns the last generation that was journaled. */
    public Generation current() {
        return lineage.current();
    }

    /** Returns for what the job waits, such as "2 of at least 3 workers"; null while it does not. */
    public @Nullable String waitingFor() {
        return phase == Phase.WAITING ? waitingFor : null;
    }

    /** Returns whether all members are asked to freeze together, since somebody is to join or to leave. */
    public boolean halting() {
        return phase == Phase.RUNNING && changeWanted();
    }

    /** A worker says where it stands; the first time it comes by that. */
    public void heard(Standing standing, String host, long nowNs) {
        if (ended()) {
            return;
        }
        if (Math.max(standing.generation(), standing.promised()) > current().number()) {
            deposed("worker " + standing.worker() + " knows of a later generation than "
                    + current().number());
            return;
        }
        if (roster.heard(standing, host)) {
            trained |= standing.state().step() > 0;
            consider(nowNs);
        } else {
            actions.add(
                    new Action.Tell(standing.worker(), new Order.Leave(current().number(), "it was given up")));
        }
    }

    /** A worker is gone: its process ended, its connection broke, or it was silent for too long. */
    public void lost(int worker, String reason, long nowNs) {
        if (!ended() && evict(worker, reason)) {
            consider(nowNs);
        }
    }

    private boolean evict(int worker, String reason) {
        boolean news = roster.remove(worker);
        if (news) {
            lossSeen |= current().has(worker);
            lastLoss = "worker " + worker + ": " + reason;
            actions.add(new Action.Evict(worker, reason));
        }
        return news;
    }

    /** A worker is to leave between two steps. */
    public void drain(int worker, long nowNs) {
        Roster.Entry entry = roster.find(worker);
        if (!ended() && entry != null) {
            entry.draining = true;
            consider(nowNs);
        }
    }

    /** So many workers have been launched and not come yet; the first generation waits for them, for a while. */
    public void expect(int workers) {
        coming = workers;
    }

    /** Time has passed. */
    public void turn(long nowNs) {
        if (ended()) {
            return;
        }
        long stallNs = nowNs - turnedNs;
        turnedNs = nowNs;
        if (stallNs > rules.collectTimeout().toNanos() / 2) {
            deadlineNs += stallNs; // it has heard of nobody, and that is nobody's fault
        }
        consider(nowNs);
        boolean waits = phase == Phase.WAITING || phase == Phase.COLLECTING;
        if (waits && nowNs - waitingSinceNs > rules.elasticTimeout().toNanos()) {
            giveUp("after " + rules.elasticTimeout().toMillis() + " ms of waiting: " + waitingFor);
        }
    }

    /** The generation is in the journal. */
    public void recorded(Generation generation, long nowNs) {
        if (ended()) {
            return;
        }
        Generation before = current();
        lineage.append(generation);
        phase = Phase.RUNNING;
        lossSeen = members().count() < generation.size();
        deadlineNs = nowNs + rules.collectTimeout().toNanos();
        if (before.members().stream().anyMatch(member -> !generation.has(member.worker()))) {
            long resets = lineage.resets();
            if (resets > rules.resetLimit()) {
                giveUp("generation " + generation.number() + " is the " + resets
                        + "th that has lost a member; the reset limit is " + rules.resetLimit());
                return;
            }
        }
        consider(nowNs);
    }

    /** The journal has another generation of that number, or a worker knows a later one. */
    public void deposed(String reason) {
        phase = Phase.OVER;
        actions.add(new Action.StepDown(reason));
    }

    private boolean ended() {
        return phase == Phase.OVER;
    }

    private void giveUp(String reason) {
        phase = Phase.OVER;
        actions.add(new Action.GiveUp(reason));
    }

    private void consider(long nowNs) {
        switch (phase) {
            case RUNNING -> watch(nowNs);
            case COLLECTING -> collect(nowNs);
            case WAITING -> decide(nowNs);
            case RECORDING, DONE, OVER -> {}
        }
        if (!ended()) {
            tell(nowNs);
        }
    }

    /**
     * Nobody is disturbed without need. A halt that nobody comes to, since a member that is alone in its ring hangs, is
     * ended by the elastic timeout; a coordinator that was started again gives all members time to come back.
     */
    private void watch(long nowNs) {
        boolean missing = nowNs - deadlineNs > 0 && unheard().findAny().isPresent();
        if (!changeWanted()) {
            haltingSinceNs = nowNs;
        }
        boolean unheeded = nowNs - haltingSinceNs > rules.elasticTimeout().toNanos();
        if (lossSeen
                || missing
                || unheeded
                || members().anyMatch(entry -> entry.standing.frozenIn(current().number()))) {
            inVain = members().filter(this::answered).allMatch(entry -> entry.standing.blamed() != Standing.NOBODY);
            haltingSinceNs = nowNs;
            collectFromNs = nowNs + (halting() && !lossSeen ? REPEAT_NS : 0); // they freeze by themselves
            phase = Phase.COLLECTING;
            deadlineNs = nowNs + rules.collectTimeout().toNanos();
            waitingSinceNs = nowNs;
            waitingFor = "no member says where it stands";
            collect(nowNs);
        } else if (haveAllEntered() && members().allMatch(this::finished)) {
            phase = Phase.DONE;
            actions.add(new Action.Done(current()));
        }
    }

    private void collect(long nowNs) {
        if (nowNs - deadlineNs > 0) {
            if (members().anyMatch(this::answered)) {
                String silence = "did not say for " + rules.collectTimeout().toMillis() + " ms where it stands";
                Stream.concat(
                                unheard(),
                                members().filter(entry -> !answered(entry)).map(entry -> entry.worker))
                        .toList()
                        .forEach(worker -> evict(worker, silence));
            } else {
                deadlineNs = nowNs + rules.collectTimeout().toNanos(); // rather it is this side that hears nothing
            }
        }
        if (unheard().findAny().isEmpty() && members().allMatch(this::answered)) {
            if (!lossSeen && inVain) {
                Blame.hanging(current(), members().toList())
                        .forEach(worker -> evict(worker, "did not come where the others waited for it"));
            }
            decide(nowNs);
        }
    }

    private void decide(long nowNs) {
        switch (next(candidates(members()), nowNs)) {
            case Decision.Next next -> {
                phase = Phase.RECORDING;
                actions.add(new Action.Journal(next.generation()));
            }
            case Decision.Wait wait -> {
                phase = Phase.WAITING;
                waitingFor = wait.reason();
            }
            case Decision.Lost lost -> giveUp(lost.reason() + "; the last one was " + lastLoss);
        }
    }

    private Decision next(List<Candidate> survivors, long nowNs) {
        boolean first = current().number() == 0;
        boolean finishing = members().anyMatch(entry -> entry.standing.finished());
        List<Candidate> joiners =
                finishing ? List.of() : candidates(roster.all().filter(this::waits));
        int least = finishing ? 1 : rules.minWorkers();
        if (first && joiners.size() < rules.maxWorkers() && coming > 0 && nowNs - startDeadlineNs < 0) {
            least = rules.maxWorkers();
        }
        return new Succession(lineage, least, rules.maxWorkers()).decide(survivors, joiners, !trained);
    }

    /** Who will be next, if nothing comes between: by then all members have the same state. */
    private List<Integer> planned(long nowNs) {
        List<Candidate> level = members()
                .map(entry -> new Candidate(entry.worker, entry.host, current().base(), entry.draining))
                .toList();
        return next(level, nowNs) instanceof Decision.Next next
                ? next.generation().members().stream().map(Member::worker).toList()
                : List.of();
    }

    private boolean changeWanted() {
        long waiting = roster.all().filter(this::waits).count();
        if (members().anyMatch(entry -> entry.draining)) {
            long staying = members().filter(entry -> !entry.draining).count();
            return staying + waiting >= rules.minWorkers(); // until then those that are to leave train on
        }
        return current().size() < rules.maxWorkers()
                && members().noneMatch(entry -> entry.standing.finished())
                && waiting > 0;
    }

    private void tell(long nowNs) {
        boolean halting = halting();
        if (!halting) {
            preparation.end();
        } else if (!preparation.isUnderWay() && haveAllEntered()) { // else they have something else to do
            preparation.begin(planned(nowNs), nowNs);
        }
        Stream<Roster.Entry> others = roster.all().filter(entry -> !current().has(entry.worker));
        Stream.concat(members(), others)
                .forEach(
                        entry -> { // members wait for what they are told
                            Order order = order(entry, halting, nowNs);
                            if (order != null && (!order.equals(entry.told) || nowNs - entry.toldNs >= REPEAT_NS)) {
                                entry.told = order;
                                entry.toldNs = nowNs;
                                actions.add(new Action.Tell(entry.worker, order));
                            }
                        });
    }

    private @Nullable Order order(Roster.Entry entry, boolean halting, long nowNs) {
        int number = current().number();
        if (!current().has(entry.worker)) {
            return waits(entry)
                    ? preparation.order(entry, number)
                    : new Order.Leave(number, entry.draining ? "it was told to leave" : "it is late");
        }
        if (!answered(entry) && (phase == Phase.COLLECTING || phase == Phase.WAITING)) {
            return nowNs - collectFromNs >= 0 ? new Order.Collect(number) : null;
        }
        if (!entered(entry)) {
            return new Order.Form(current(), roster.departed(current()));
        }
        if (phase == Phase.DONE) {
            return new Order.Release(number);
        }
        if (!halting) {
            return null;
        }
        return preparation.isOver(roster, number, nowNs) ? new Order.Halt(number) : preparation.order(entry, number);
    }

    private Stream<Roster.Entry> members() {
        return roster.members(current());
    }

    /** The members that have not come back since this coordinator was started. */
    private Stream<Integer> unheard() {
        return current().members().stream().map(Member::worker).filter(worker -> !roster.knows(worker));
    }

    private List<Candidate> candidates(Stream<Roster.Entry> entries) {
        return entries.map(entry -> new Candidate(entry.worker, entry.host, entry.standing.state(), entry.draining))
                .toList();
    }

    private boolean answered(Roster.Entry entry) {
        return entry.standing.frozenIn(current().number());
    }

    private boolean entered(Roster.Entry entry) {
        return entry.standing.generation() == current().number();
    }

    private boolean haveAllEntered() {
        return members().count() == current().size() && members().allMatch(this::entered);
    }

    private boolean finished(Roster.Entry entry) {
        return entered(entry) && entry.standing.finished();
    }

    /** Has come, and is in no generation yet. */
    private boolean waits(Roster.Entry entry) {
        return !current().has(entry.worker)
                && !entry.draining
                && entry.standing.generation() == 0
                && !entry.standing.state().exists();
    }
}
