package io.kolo.executor.coordinator;

import io.kolo.checkpoint.GenerationRecord;
import io.kolo.checkpoint.Journal;
import io.kolo.elastic.Standing;
import io.kolo.elastic.simulation.Campaign;
import io.kolo.executor.control.Compilers;
import io.kolo.executor.control.ControlClient;
import io.kolo.executor.control.ControlRehearsal;
import io.kolo.executor.control.ControlServer;
import io.kolo.executor.control.DriverLink;
import io.kolo.executor.control.JobToken;
import io.kolo.executor.control.MemberConnection;
import io.kolo.executor.control.MemberListener;
import io.kolo.executor.control.Versions;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.control.proto.CoordinatorHello;
import io.kolo.executor.control.proto.FromCoordinator;
import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.News;
import io.kolo.executor.control.proto.Run;
import io.kolo.executor.control.proto.ToCoordinator;
import io.kolo.executor.engine.Engine;
import io.kolo.executor.local.JobFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The main class of a coordinator's process. It may die at any time: the driver starts another one, which reads the
 * journal, and to which the workers come; they train on meanwhile.
 *
 * <p>What driver and workers say arrives in one queue, which the main thread empties.
 */
public final class CoordinatorMain implements MemberListener {
    private static final long TURN_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long HEARTBEAT_INTERVAL_MS = 500;
    private static final int REHEARSED_RECORDS = 300;
    private static final int REHEARSED_JOBS = 20;
    private static final int BROKEN = 1;
    private static final int DRIVER_LOST = 70;

    private final Path folder;
    private final Path journals;
    private final JobToken token;
    private final BlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
    private final Members members = new Members();
    private final Set<Integer> expected = new HashSet<>();
    private final DriverLink<FromCoordinator, ToCoordinator> driver;
    private @Nullable Coordination run;

    private CoordinatorMain(WorkerEnvironment environment, Path folder, String address) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.journals = JobFolder.ofJournals(folder);
        this.token = environment.token();
        ControlServer server = ControlServer.ofCoordinator(address, environment.identity(), token, this);
        CoordinatorHello hello = CoordinatorHello.newBuilder()
                .setAddress(server.address())
                .setVersions(Versions.OWN)
                .build();
        this.driver = DriverLink.coordinate(
                new ControlClient.Line<>(
                        environment.control(), environment.identity(), token, this::onMessage, this::onEnd),
                FromCoordinator.newBuilder().setHello(hello).build(),
                environment.patience());
    }

    /** Joins the driver that the environment names, and serves until it says goodbye. */
    public static void main(String[] args) {
        Map<String, String> variables = System.getenv();
        try {
            Path folder = Path.of(WorkerEnvironment.required(variables, Engine.FOLDER));
            String address = WorkerEnvironment.required(variables, Engine.ADDRESS);
            new CoordinatorMain(WorkerEnvironment.of(variables), folder, address).serve();
        } catch (Throwable e) { // libraries have threads that would keep a process without its main thread alive
            e.printStackTrace();
            Runtime.getRuntime().halt(BROKEN);
        }
    }

    private void say(News news) {
        driver.outbox().sendNow(FromCoordinator.newBuilder().setNews(news).build());
    }

    /** Talks, decides for simulated jobs, and writes a journal, so that the first decision is as fast as others. */
    private void rehearse() {
        ControlRehearsal.run();
        List<GenerationRecord.Member> nobody = List.of(new GenerationRecord.Member(0, "rehearsal", true));
        try (Journal journal = Journal.open(folder.resolve("rehearsal"))) {
            for (int number = 1; number <= REHEARSED_RECORDS; number++) {
                var unused = journal.append(new GenerationRecord(number, 0, 0, 0, nobody));
            }
        }
        var unused = new Campaign().run(1, REHEARSED_JOBS);
        Compilers.settle();
    }

    private void serve() throws InterruptedException {
        Thread.ofPlatform().daemon().name("kolo-rehearsal").start(this::rehearse);
        FromCoordinator heartbeat = FromCoordinator.newBuilder()
                .setHeartbeat(Heartbeat.getDefaultInstance())
                .build();
        var unused = Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("kolo-heartbeat").factory())
                .scheduleWithFixedDelay(
                        () -> driver.outbox().offer(heartbeat), 0, HEARTBEAT_INTERVAL_MS, TimeUnit.MILLISECONDS);
        while (true) {
            Runnable event = events.poll(TURN_NS, TimeUnit.NANOSECONDS);
            if (event != null) {
                event.run();
            }
            if (run != null) {
                run.turn(expected, System.nanoTime());
            }
        }
    }

    // The channels' threads.

    @Override
    public void came(Hello hello, MemberConnection connection) {
        events.add(() -> members.came(hello, connection));
    }

    @Override
    public void stands(int number, Standing standing) {
        events.add(() -> {
            if (run != null && run.number() == number) {
                run.heard(standing, System.nanoTime());
            }
        });
    }

    private void onMessage(ToCoordinator message) {
        if (message.hasGoodbye()) {
            Runtime.getRuntime().halt(0); // the driver deletes the folder
        }
        events.add(() -> obey(message, System.nanoTime()));
    }

    /** The driver is gone, and no other has come: the job is over. */
    private void onEnd(String reason) {
        System.err.println("the driver is gone (" + reason + "), so the coordinator ends");
        JobFolder.abandon(folder);
        Runtime.getRuntime().halt(DRIVER_LOST);
    }

    // The main thread.

    private void obey(ToCoordinator message, long nowNs) {
        switch (message.getKindCase()) {
            case RUN -> begin(message.getRun());
            case EXPECTED -> {
                expected.clear();
                expected.addAll(message.getExpected().getWorkersList());
            }
            case LOST -> {
                if (run != null) {
                    run.lost(message.getLost().getWorker(), message.getLost().getReason(), nowNs);
                }
            }
            case DRAINING -> {
                if (run != null) {
                    run.drain(message.getDraining());
                }
            }
            case GOODBYE, KIND_NOT_SET ->
                throw new IllegalArgumentException("a message that this version does not know");
        }
    }

    private void begin(Run next) {
        if (run != null && run.number() == next.getNumber()) {
            run.tellAgain(); // the driver is another one
            return;
        }
        if (run != null) {
            run.close();
        }
        Path journal = next.getJournal().isEmpty()
                ? journals.resolve("journal-" + next.getNumber())
                : Path.of(next.getJournal());
        run = new Coordination(next, journal, token, members, this::say);
    }
}
