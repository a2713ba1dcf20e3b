package io.kolo.systemtests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kolo.testkit.Leftovers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A job in a network namespace of its own. Of some one process is cut off: its packets are dropped, in both directions,
 * while it lives on. Needs root, iptables and iproute2.
 */
@ExtendWith(Leftovers.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class NetworkSystemTest {
    private static final String[] JOB = {
        "run",
        "digits",
        "--min-workers=1",
        "--max-workers=2",
        "--heartbeat-timeout=6s",
        "--nodes=2x{cpu:1}", // each worker is on a node of its own, so that their ring goes over UDP
        "--epochs=100000"
    };

    @BeforeAll
    static void checkTools() throws Exception {
        assumeTrue(
                run("unshare", "-n", "sh", "-c", "iptables -L -n && nsenter --version && ss --version")
                        .isDone(),
                "skipped: cutting off a process needs root, unshare, nsenter, iptables and ss");
    }

    /** What a command has come to. */
    private record Outcome(int exitCode, String output) {
        boolean isDone() {
            return exitCode == 0;
        }
    }

    private static Outcome run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    private static KoloProcess startJob() {
        return start("ip link set lo up && exec \"$@\"", JOB);
    }

    /** Runs Kolo from a script, in a network of its own. */
    private static KoloProcess start(String script, String... arguments) {
        String kolo = Repository.root().resolve("kolo").toString();
        return KoloProcess.command(
                Stream.concat(Stream.of("unshare", "-n", "sh", "-c", script, "sh", kolo), Stream.of(arguments))
                        .toArray(String[]::new));
    }

    /** Returns the process of a worker, or of the coordinator, by the name of its folder. */
    private static long find(KoloProcess job, String name) {
        return ProcessHandle.of(job.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .mapToLong(ProcessHandle::pid)
                .filter(pid -> isNamed(pid, name))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isNamed(long pid, String name) {
        try {
            String environment = Files.readString(Path.of("/proc", String.valueOf(pid), "environ"), UTF_8);
            return Stream.of(environment.split("\0", -1))
                    .anyMatch(variable -> variable.startsWith("KOLO_FOLDER=") && variable.endsWith("/" + name));
        } catch (IOException e) {
            return false; // it is gone
        }
    }

    /** Drops all that comes from a process, and all that goes to it. */
    private static void cutOff(long pid) throws Exception {
        String inside = String.valueOf(pid);
        Outcome sockets = run("nsenter", "-t", inside, "-n", "ss", "-tunaHp");
        Matcher own = Pattern.compile("^(tcp|udp)\\s.*?:(\\d+)\\s+\\S+\\s+users:.*pid=" + pid + ",", Pattern.MULTILINE)
                .matcher(sockets.output);
        List<String> rules = own.results()
                .flatMap(socket -> Stream.of("--sport ", "--dport ")
                        .map(side ->
                                "iptables -A INPUT -p " + socket.group(1) + " " + side + socket.group(2) + " -j DROP"))
                .distinct()
                .toList();
        assertFalse(rules.isEmpty(), sockets.output);
        Outcome cut =
                run("nsenter", "-t", inside, "-n", "sh", "-c", rules.stream().collect(Collectors.joining(" && ")));
        assertEquals(0, cut.exitCode, cut.output);
    }

    @Test
    void shouldGoOnWithoutAWorkerWhoseNetworkIsCut() throws Exception {
        try (KoloProcess job = startJob()) {
            job.awaitLines("generation 1, workers [0, 1]");
            long pid = find(job, "worker-1");
            long cutNs = System.nanoTime();
            cutOff(pid);
            job.awaitLines(
                    "generation 2, workers [0]",
                    "lost worker 1: process " + pid
                            + " on node-2 was killed by signal 9 (exit code 137); it was silent for ");
            System.out.printf(
                    "a worker was cut off: the others went on, and it was ended, %d ms later%n",
                    (System.nanoTime() - cutNs) / 1_000_000);
            job.awaitLines("generation 3, workers [0, 2]");
            Runs.signal("-INT", job.pid());
            assertEquals(130, job.await());
        }
    }

    @Test
    void shouldStartAnotherCoordinatorWhenItsNetworkIsCut() throws Exception {
        try (KoloProcess job = startJob()) {
            job.awaitLines("generation 1, workers [0, 1]");
            long pid = find(job, "coordinator");
            cutOff(pid);
            job.awaitLines("another coordinator is started: process " + pid);
            Runs.signal("-KILL", find(job, "worker-1"));
            job.awaitLines("generation 2, workers [0]");
            job.awaitLines("generation 3, workers [0, 2]");
            Runs.signal("-INT", job.pid());
            assertEquals(130, job.await());
        }
    }

    /** A datagram that the network cuts into packets is lost with any of them. */
    @Test
    void shouldSendNoDatagramThatTheNetworkHasToCut() throws Exception {
        String script = "ip link set lo mtu 1500 up && \"$@\" && grep ^Ip: /proc/net/snmp";
        try (KoloProcess job = start(script, "run", "digits", "--workers=2", "--nodes=2x{cpu:1}", "--epochs=1")) {
            assertEquals(0, job.await(), () -> "" + job.lines());
            List<String> counters =
                    job.lines().stream().filter(line -> line.startsWith("Ip: ")).toList();
            List<String> names = List.of(counters.getFirst().split(" ", -1));
            List<String> values = List.of(counters.getLast().split(" ", -1));
            assertTrue(Long.parseLong(values.get(names.indexOf("OutRequests"))) > 0, () -> "" + counters);
            assertEquals("0", values.get(names.indexOf("FragCreates")), () -> "" + counters);
        }
    }
}
