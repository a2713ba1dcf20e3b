package io.kolo.ray.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(60)
@ExtendWith(Leftovers.class)
class SupervisorTest {
    private static final String JOB = Long.toHexString(ProcessHandle.current().pid());
    private static final Path FOLDER = Path.of("/dev/shm/kolo-0-" + JOB);
    private static final long NEWS_WAIT_MS = 100;

    private final Sealed key = new Sealed();
    private final Supervisor supervisor = new Supervisor(key);
    private long taken;

    SupervisorTest() throws IOException {}

    @Test
    void shouldLeaveNothingInMemoryOnceItsLastWorkerIsGone() {
        launch("worker-0", "mkdir $KOLO_FOLDER/../host-a; read line");
        launch("worker-1", "test -d $KOLO_FOLDER && exit 3");
        assertEquals(3, exitCode());
        assertTrue(Files.exists(FOLDER), "one is still there");
        ask(Frame.of("kill", "worker-0"));
        assertEquals(137, exitCode());
        assertFalse(Files.exists(FOLDER));

        launch("worker-2", "test -d $KOLO_FOLDER && exit 4");
        assertEquals(4, exitCode(), "it is made anew");
    }

    @Test
    void shouldKeepAJournalForTheNextCoordinatorUntilItIsToldToLeave() {
        launch("coordinator", "mkdir $KOLO_FOLDER/../journals; exit 5");
        assertEquals(5, exitCode());
        assertTrue(Files.exists(FOLDER.resolve("journals")));
        launch("coordinator", "read line");
        ask(Frame.of("leave"));
        assertFalse(Files.exists(FOLDER));
        assertEquals(137, exitCode());
    }

    private void launch(String name, String script) {
        Frame launch = Launch.of(JOB, name, List.of("sh", "-c", script), List.of(), "Main", Map.of());
        assertEquals(
                "launched",
                ask(Sealed.seal(key.publicKey(), launch.encode()).under("launch"))
                        .word());
    }

    /** Returns that of the next process that ends. */
    private long exitCode() {
        while (true) {
            Frame news = ask(Frame.of("news", taken, NEWS_WAIT_MS));
            taken = news.number(1);
            for (int i = 2; i < news.size(); i++) {
                taken++;
                Frame event = Frame.decode(news.bytes(i));
                if (event.word().equals("exit")) {
                    return event.number(2);
                }
            }
        }
    }

    private Frame ask(Frame request) {
        return Frame.decode(supervisor.ask(request.encode()));
    }
}
