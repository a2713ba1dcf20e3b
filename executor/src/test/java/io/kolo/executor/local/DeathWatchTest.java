package io.kolo.executor.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class DeathWatchTest {
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    private List<String> next() throws InterruptedException {
        return List.of(heard.take(), heard.take());
    }

    private Process sleeping(DeathWatch deaths) throws IOException {
        Process process = new ProcessBuilder("sleep", "1000").start();
        deaths.watch(process.pid(), () -> heard.add("dies"), () -> heard.add("halted"));
        return process;
    }

    @Test
    void shouldSeeThatAProcessDiesAndThatItsThreadsHaveHalted() throws Exception {
        try (DeathWatch deaths = new DeathWatch()) {
            Process process = sleeping(deaths);
            process.destroyForcibly();
            assertEquals(List.of("dies", "halted"), next());
        }
    }

    @Test
    void shouldSeeOnlyTheOneThatDies() throws Exception {
        try (DeathWatch deaths = new DeathWatch()) {
            Process other = sleeping(deaths);
            Process process = sleeping(deaths);
            try {
                process.destroyForcibly();
                assertEquals(List.of("dies", "halted"), next());
                assertEquals(List.of(), List.copyOf(heard));
            } finally {
                other.destroyForcibly();
            }
        }
    }
}
