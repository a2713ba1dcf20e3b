package io.kolo.ray;

import io.kolo.ray.node.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The process that has launched this driver, as the entry point of a job that was submitted: it launches another one if
 * this is killed, and when it is killed itself, the job is over.
 *
 * @param pid its number
 * @param folder its own, which its user alone can enter
 */
public record Launcher(long pid, Path folder) {
    /** The variable that has its number. */
    static final String PID = "KOLO_LAUNCHER";

    /** The variable that names its folder. */
    static final String FOLDER = "KOLO_LAUNCHER_FOLDER";

    private static final System.Logger LOG = System.getLogger(Launcher.class.getName());
    private static final long LOOK_UP_MS = 200;
    private static final int TERMINATED = 128 + 15;

    /** Returns the one of the environment; nothing where the driver was launched by hand. */
    public static Optional<Launcher> ofEnvironment() {
        Map<String, String> environment = System.getenv();
        String pid = environment.get(PID);
        String folder = environment.get(FOLDER);
        return pid == null || folder == null
                ? Optional.empty()
                : Optional.of(new Launcher(Long.parseLong(pid), Path.of(folder)));
    }

    /** Ends this JVM, which closes its job, when the launcher is gone. */
    public void endWithIt() {
        Optional<ProcessHandle> launcher = ProcessHandle.of(pid);
        Runnable look = () -> {
            if (launcher.filter(ProcessHandle::isAlive).isEmpty()) {
                end();
            }
        };
        var unused = Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("kolo-launcher").factory())
                .scheduleWithFixedDelay(look, 0, LOOK_UP_MS, TimeUnit.MILLISECONDS); // onExit looks each 5 s
    }

    private void end() {
        try {
            Folders.delete(folder);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, folder + " stays", e);
        }
        System.exit(TERMINATED);
    }

    /** Returns where a gateway listens for the next driver. */
    Path socket() {
        return folder.resolve("gateway");
    }

    /** Returns where the job is to be taken over; nothing if this is its first driver. */
    Optional<Path> handover() {
        return Optional.of(socket()).filter(Files::exists);
    }
}
