package io.kolo.executor.worker;

import com.google.protobuf.ByteString;
import io.kolo.allreduce.Communicator;
import io.kolo.allreduce.aeron.AeronEndpoint;
import io.kolo.elastic.Order;
import io.kolo.executor.TrainingFunction;
import io.kolo.executor.Worker;
import io.kolo.executor.control.ControlClient;
import io.kolo.executor.control.DriverLink;
import io.kolo.executor.control.ElasticMessages;
import io.kolo.executor.control.Failures;
import io.kolo.executor.control.ObjectCodec;
import io.kolo.executor.control.Outbox;
import io.kolo.executor.control.Parts;
import io.kolo.executor.control.Versions;
import io.kolo.executor.control.WorkerEnvironment;
import io.kolo.executor.control.proto.Abort;
import io.kolo.executor.control.proto.Drain;
import io.kolo.executor.control.proto.FromWorker;
import io.kolo.executor.control.proto.Heartbeat;
import io.kolo.executor.control.proto.Hello;
import io.kolo.executor.control.proto.Part;
import io.kolo.executor.control.proto.Ready;
import io.kolo.executor.control.proto.ToMember;
import io.kolo.executor.control.proto.ToWorker;
import io.kolo.executor.control.proto.World;
import io.kolo.executor.engine.Engine;
import io.kolo.executor.local.JobFolder;
import io.kolo.kernels.Kernels;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The main class of a worker process.
 *
 * <p>Three threads: the control channels', which take what must not wait (abort, shutdown, orders, the loss of the
 * driver), the heartbeat's, and this one, which forms rings and runs functions in the order in which they come.
 */
public final class WorkerMain {
    private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(30);
    private static final long HEARTBEAT_INTERVAL_MS = 500;
    private static final Duration NOTICE = Duration.ofSeconds(30);
    private static final Duration LEAVE_TIMEOUT = Duration.ofMillis(500);
    private static final int BROKEN = 1;
    private static final int DRIVER_LOST = 70;
    private static final int HOOKS_HANG = 71;

    private final Path folder;
    private final AeronEndpoint endpoint;
    private final RingAssembler assembler;
    private final BlockingQueue<ToWorker> tasks = new LinkedBlockingQueue<>();
    private final Parts function = new Parts();
    private final DriverLink<FromWorker, ToWorker> driver;
    private final CoordinatorLink coordinator;
    private final Thread main = Thread.currentThread();
    private final int slot;
    private final boolean mayMeetAnotherDriver;
    private volatile @Nullable Worker worker;
    private volatile @Nullable Communicator communicator;
    private final CountDownLatch left = new CountDownLatch(1);
    private volatile boolean leaving;

    /** The run whose function this process is in, or 0. */
    private volatile int running;

    /** The run whose function was called last, and what came of it. */
    private int answeredRun;

    private Answer answer = () -> {};

    private WorkerMain(WorkerEnvironment environment, Path folder, String address) throws IOException {
        Kernels kernels = Kernels.probe();
        this.slot = environment.slot();
        this.mayMeetAnotherDriver = !environment.patience().isZero();
        this.folder = folder;
        this.endpoint = AeronEndpoint.open(folder, address, OPEN_TIMEOUT);
        SharedFolder shared = SharedFolder.of(folder, environment.node());
        this.assembler = new RingAssembler(endpoint, kernels, shared);
        Hello hello = Hello.newBuilder()
                .setSlot(slot)
                .setHost(environment.node())
                .setDataAddress(endpoint.address())
                .setMemory(shared.identity())
                .setVersions(Versions.OWN)
                .setKernels(kernels.description())
                .build();
        this.coordinator = new CoordinatorLink(environment, hello, this::onOrder);
        this.driver = DriverLink.join(
                new ControlClient.Line<>(
                        environment.control(),
                        environment.identity(),
                        environment.token(),
                        this::onMessage,
                        this::onEnd),
                FromWorker.newBuilder().setHello(hello).build(),
                environment.patience());
    }

    /** Joins the driver that the environment names, and serves it until it says goodbye. */
    public static void main(String[] args) throws InterruptedException {
        WorkerLogging.quietLibraries();
        Map<String, String> variables = System.getenv();
        Path folder = Path.of(WorkerEnvironment.required(variables, Engine.FOLDER));
        try {
            String address = WorkerEnvironment.required(variables, Engine.ADDRESS);
            new WorkerMain(WorkerEnvironment.of(variables), folder, address)
                    .serve(variables.get(WorkerEnvironment.SPOT));
        } catch (Throwable e) { // libraries have threads that would keep a process without its main thread alive
            e.printStackTrace();
            JobFolder.abandon(folder);
            Runtime.getRuntime().halt(BROKEN);
        }
    }

    private Outbox<FromWorker> outbox() {
        return driver.outbox();
    }

    /** Called by the control channel's thread. */
    private void onMessage(ToWorker message) {
        switch (message.getKindCase()) {
            case ABORT -> abort(message.getAbort());
            case SHUTDOWN -> leave(Duration.ofMillis(message.getShutdown().getLeaveTimeoutMs()));
            case COORDINATOR -> {
                coordinator.connect(message.getCoordinator());
                elastic(ElasticWorker::beat);
            }
            case HALTED -> elastic(member -> member.halted(message.getHalted()));
            case WORLD, FUNCTION, KIND_NOT_SET -> tasks.add(message);
        }
    }

    private void elastic(Consumer<ElasticWorker> order) {
        if (worker instanceof ElasticWorker member) {
            order.accept(member);
        }
    }

    /** Called by the thread of the coordinator's channel. */
    private void onOrder(ToMember message) {
        if (message.getRun() != running) {
            return; // it is late
        }
        if (message.hasForm()) {
            elastic(member -> member.hear(message.getForm()));
        } else if (message.hasPrepare()) {
            elastic(member -> member.prepare(message.getPrepare()));
        } else {
            Order order = ElasticMessages.order(message.getOrder());
            elastic(member -> member.hear(order));
            if (order instanceof Order.Leave leave) {
                System.err.println("this worker leaves: " + leave.reason());
                leave(LEAVE_TIMEOUT);
            }
        }
    }

    private void abort(Abort abort) {
        Communicator pending = communicator;
        int run = running;
        if (pending != null) {
            if (pending.rank() == abort.getCulprit() && run != 0) {
                fail(stalled(abort.getReason()), run);
            }
            pending.abort(abort.getCulprit(), abort.getReason());
        }
    }

    /** Where this rank's code was when the patience of the others ended. */
    private TimeoutException stalled(String reason) {
        TimeoutException here = new TimeoutException(reason + "; its code is here:");
        here.setStackTrace(main.getStackTrace());
        return here;
    }

    private void beat() {
        Communicator current = communicator;
        outbox().offer(FromWorker.newBuilder()
                .setHeartbeat(Heartbeat.newBuilder().setOperations(current == null ? 0 : current.operations()))
                .build());
        elastic(ElasticWorker::beat);
    }

    /** On a thread of its own: exiting runs the user's hooks, which may use the channel, and may never end. */
    private void leave(Duration timeout) {
        leaving = true;
        left.countDown();
        Thread exit = Thread.ofPlatform().name("kolo-exit").start(() -> System.exit(0));
        Thread.ofPlatform().daemon().name("kolo-halt").start(() -> {
            try {
                exit.join(timeout);
            } catch (InterruptedException e) {
                // Nobody interrupts it; and if so, it is time to go.
            }
            Runtime.getRuntime().halt(HOOKS_HANG);
        });
    }

    /** The driver is gone, and no other has come: nobody will take a result, and nobody else will clean up. */
    private void onEnd(String reason) {
        if (!leaving) {
            System.err.println("the driver is gone (" + reason + "), so this worker ends");
            JobFolder.abandon(folder);
            Runtime.getRuntime().halt(DRIVER_LOST);
        }
    }

    /** Whoever launched this process holds the other end of its standard input, and nobody writes to it. */
    private void awaitLauncher() {
        try {
            var unused = System.in.readAllBytes();
        } catch (IOException e) {
            // It is closed, too.
        }
        if (leaving) {
            JobFolder.abandon(folder); // nobody else will
        }
        onEnd("what launched this worker is gone");
    }

    /** SIGTERM: in an elastic job the process lives until it has left between two steps, or its notice is over. */
    private void drain() {
        if (!leaving && worker instanceof ElasticWorker) {
            driver.tellAll(FromWorker.newBuilder()
                    .setDrain(Drain.newBuilder().setReason("SIGTERM"))
                    .build());
            try {
                var unused = left.await(NOTICE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                // The JVM ends all the same.
            }
        }
    }

    /** The cloud takes this machine away; its other workers may have heard of it, too. */
    private void onNotice(String notice) {
        driver.tellAll(FromWorker.newBuilder()
                .setDrain(Drain.newBuilder().setReason(notice).setNode(true))
                .build());
    }

    private void serve(@Nullable String spot) throws InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(this::drain, "kolo-drain"));
        Thread.ofPlatform().daemon().name("kolo-launcher").start(this::awaitLauncher);
        if (spot != null) {
            SpotWatch.start(spot, this::onNotice);
        }
        var unused = Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("kolo-heartbeat").factory())
                .scheduleWithFixedDelay(this::beat, 0, HEARTBEAT_INTERVAL_MS, TimeUnit.MILLISECONDS);
        while (true) {
            ToWorker task = tasks.take();
            switch (task.getKindCase()) {
                case WORLD -> form(task.getWorld());
                case FUNCTION -> collect(task.getFunction());
                case ABORT, SHUTDOWN, COORDINATOR, HALTED, KIND_NOT_SET ->
                    throw new IllegalStateException("a task that this version does not know: " + task.getKindCase());
            }
        }
    }

    private void form(World world) {
        try {
            Communicator formed = assembler.assemble(
                    world, assembler.folder().parts(), 0, () -> false, forming -> communicator = forming);
            communicator = formed;
            worker = new JoinedWorker(world, formed, outbox()::sendNow);
            outbox().sendNow(FromWorker.newBuilder()
                    .setReady(Ready.newBuilder().setPlan(formed.description()))
                    .build());
        } catch (Throwable e) {
            fail(e, 0);
        }
    }

    private void collect(Part part) throws InterruptedException {
        ByteString whole = function.add(part).orElse(null);
        if (whole != null) {
            run(whole, part.getRun());
        }
    }

    /** A function that has been called, since another driver has sent it before, is not called again. */
    private void run(ByteString bytes, int run) throws InterruptedException {
        if (run != answeredRun) {
            answer = call(bytes, run);
            answeredRun = run;
        }
        try {
            answer.tell();
        } catch (TimeoutException e) {
            onEnd(e.toString());
        }
        if (!mayMeetAnotherDriver) {
            answer = () -> {}; // it may be long
        }
    }

    /** What came of a function, for the driver that is there now. */
    private interface Answer {
        void tell() throws TimeoutException, InterruptedException;
    }

    private void tellResult(ByteString result, int run) throws TimeoutException, InterruptedException {
        Parts.send(
                result,
                run,
                outbox(),
                part -> FromWorker.newBuilder().setResult(part).build());
    }

    /** Returns the serialized result, or what the function threw. */
    @SuppressWarnings("CatchingUnchecked") // whatever the user's code throws is the driver's to know
    private Answer call(ByteString bytes, int run) {
        running = run;
        try {
            ClassLoader loader = WorkerMain.class.getClassLoader();
            Thread.currentThread().setContextClassLoader(loader);
            TrainingFunction<?> function =
                    (TrainingFunction<?>) ObjectCodec.read(bytes, loader, "the training function");
            if (function == null) {
                throw new IllegalStateException("there is no function");
            }
            ByteString result = ObjectCodec.write(run(function), "the result");
            return () -> tellResult(result, run);
        } catch (Throwable e) {
            return () -> fail(e, run);
        } finally {
            running = 0;
            Thread.interrupted(); // what the user's code left of it is not for this thread's next wait
        }
    }

    /** Where no ring was formed, the job is elastic: the function's training forms one. */
    private @Nullable Object run(TrainingFunction<?> function) throws Exception {
        if (worker instanceof JoinedWorker joined) {
            return function.run(joined);
        }
        int run = running;
        try (ElasticWorker member = new ElasticWorker(
                slot,
                assembler,
                standing -> coordinator.tell(ElasticMessages.message(run, standing)),
                report -> outbox().sendNow(report))) {
            worker = member;
            return function.run(member);
        } finally {
            worker = null;
        }
    }

    private void fail(Throwable thrown, int run) {
        beat(); // how far this rank is tells the driver whom it waited for
        outbox().sendNow(FromWorker.newBuilder()
                .setFailure(Failures.describe(thrown, run))
                .build());
    }
}
