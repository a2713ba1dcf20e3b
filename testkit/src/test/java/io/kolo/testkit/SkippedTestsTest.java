package io.kolo.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

class SkippedTestsTest {
    static class OfAClass {
        @BeforeAll
        static void assumeAPlotter() {
            assumeTrue(Boolean.getBoolean("kolo.plotter"), "no plotter: buy one");
        }

        @Test
        void shouldPlot() {}
    }

    static class OfATest {
        @Test
        void shouldRun() {}

        @Test
        @Disabled("the ink is dry") // is what is tested
        void shouldWrite() {}
    }

    @Test
    void shouldSayWhatIsSkippedAndWhy() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        LauncherDiscoveryRequest both = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(OfAClass.class), selectClass(OfATest.class))
                .build();
        LauncherConfig onlyOurs = LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .build();
        LauncherFactory.create(onlyOurs)
                .execute(both, new SkippedTests(new PrintStream(bytes, true, StandardCharsets.UTF_8)));
        List<String> lines =
                bytes.toString(StandardCharsets.UTF_8).lines().sorted().toList();
        assertEquals(2, lines.size(), lines.toString());
        assertTrue(lines.get(0).startsWith("SKIPPED SkippedTestsTest$OfAClass: "), lines.get(0));
        assertTrue(lines.get(0).endsWith("no plotter: buy one"), lines.get(0));
        assertEquals("SKIPPED SkippedTestsTest$OfATest.shouldWrite: the ink is dry", lines.get(1));
    }
}
