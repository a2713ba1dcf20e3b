package io.kolo.executor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.executor.engine.Node;
import io.kolo.executor.engine.Resources;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RayExecutorBuilderTest {
    private static RayExecutorBuilder local() {
        return RayExecutor.builder().address("local");
    }

    private static void assertRefused(String why, Executable build) {
        assertEquals(why, assertThrows(IllegalArgumentException.class, build).getMessage());
    }

    @Test
    void shouldSayEachBrokenRuleInASentence() {
        assertRefused(
                "workers must be at least 1, not 0", () -> local().workers(0).build());
        assertRefused(
                "hosts must be at least 1, not -1",
                () -> local().hosts(-1).workersPerHost(1).build());
        assertRefused(
                "a ring has at most 4096 workers, not 4000000000",
                () -> local().hosts(2_000_000_000).workersPerHost(2).build());
        assertRefused(
                "give workers, or hosts and workersPerHost, but not both",
                () -> local().workers(2).hosts(1).workersPerHost(2).build());
        assertRefused(
                "hosts and workersPerHost belong together: give both",
                () -> local().hosts(2).build());
        assertRefused(
                "CPU must be 0 or more, not -1.0",
                () -> local().cpusPerWorker(-1).build());
        assertRefused(
                "nodes are played on the local engine only, not at head:6379",
                () -> local().nodes("{cpu:1}").address("head:6379").build());
    }

    @Test
    void shouldReadNodes() {
        Resources large = new Resources(Map.of("CPU", 4.0, "GPU", 2.0));
        Resources small = new Resources(Map.of("CPU", 1.5, "tpu", 1.0));
        assertEquals(
                List.of(new Node("node-1", large), new Node("node-2", large), new Node("node-3", small)),
                NodeSpecs.parse("2x{cpu:4,gpu:2},{CPU: 1.5, tpu: 1}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "2", "2x", "{cpu}", "{cpu:}", "{cpu:x}", "x{cpu:1}", "{cpu:1}{cpu:1}", "{cpu:-1}", "{}"})
    void shouldSayHowNodesAreWritten(String text) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> NodeSpecs.parse(text));
        assertTrue(error.toString().contains("write 2x{cpu:4,gpu:2}"), error.toString());
    }
}
