package io.kolo.elastic.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The simulation is worth something: each of these faults, planted into the protocol's sources, is found by some seed.
 */
class PlantedFaultsTest {
    private static final long MOST_SEEDS = 10_000;
    private static final Path SOURCES = Path.of("src/main/java");

    /**
     * A patch.
     *
     * @param name what is wrong then
     * @param file of the package
     * @param from what stands there, once
     * @param to what is put in its place
     */
    record Planted(String name, String file, String from, String to) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Planted> faults() {
        return Stream.of(inWorkers(), inDecisions(), inCoordinators(), inTheLog())
                .flatMap(List::stream);
    }

    private static List<Planted> inWorkers() {
        String file = "Replica.java";
        return List.of(
                new Planted(
                        "a frozen worker completes its step",
                        file,
                        "if (phase != Phase.IN_STEP) {",
                        "if (phase != Phase.IN_STEP && phase != Phase.FROZEN) {"),
                new Planted(
                        "a worker enters a generation that it has promised away",
                        file,
                        "next.number() <= promised || ",
                        ""),
                new Planted(
                        "a worker does steps before it has the state",
                        file,
                        "levelled ? Phase.IN_STEP : Phase.LEVELLING",
                        "Phase.IN_STEP"),
                new Planted(
                        "a worker breaks off and says nothing",
                        file,
                        "return member && promise(generation.number(), culprit);",
                        "return false;"),
                new Planted(
                        "the halt bit is for others",
                        file,
                        "if (halt) {",
                        "if (halt && generation.rankOf(worker) > 0) {"),
                new Planted(
                        "the state's name is of the last generation",
                        file,
                        "new StateName(state.step() + 1, generation.number())",
                        "new StateName(state.step() + 1, Math.max(1, state.generation()))"));
    }

    private static List<Planted> inDecisions() {
        String file = "Succession.java";
        return List.of(
                new Planted("it goes on from the least that survivors hold", file, " .max(", " .min("),
                new Planted(
                        "who has any state is taken for level",
                        file,
                        "boolean holder = candidate.state().equals(base)",
                        "boolean holder = candidate.state().exists()"),
                new Planted(
                        "rank 0 is taken for level",
                        file,
                        "members.stream().noneMatch(member -> member.state().equals(base));",
                        "true;"),
                new Planted("the minimum is forgotten", file, "members.size() < least", "members.isEmpty()"),
                new Planted("the maximum is forgotten", file, "Math.max(0, most - members.size())", "100"),
                new Planted(
                        "who leaves takes the only state along",
                        file,
                        "keeper(survivors, members, base).forEach(members::addFirst);",
                        ""),
                new Planted(
                        "the samples are dealt by the new size",
                        file,
                        "lineage.dealt(base.step())",
                        "base.step() * members.size()"));
    }

    private static List<Planted> inCoordinators() {
        String file = "Membership.java";
        return List.of(
                new Planted(
                        "a generation is announced before it is journaled",
                        file,
                        "actions.add(new Action.Journal(next.generation()));",
                        "actions.add(new Action.Journal(next.generation())); recorded(next.generation(), nowNs);"),
                new Planted(
                        "it decides before all have frozen",
                        file,
                        "members().allMatch(this::answered)",
                        "members().anyMatch(this::answered)"),
                new Planted("a started coordinator waits for nobody", file, "unheard().findAny().isEmpty() && ", ""),
                new Planted(
                        "it waits for the silent for ever",
                        file,
                        ".forEach(worker -> evict(worker, silence));",
                        ".forEach(worker -> {});"),
                new Planted("nothing is said twice", file, " || nowNs - entry.toldNs >= REPEAT_NS", ""),
                new Planted(
                        "the first to finish ends the job",
                        file,
                        "allMatch(this::finished)",
                        "anyMatch(this::finished)"),
                new Planted("a lost state is made anew", file, "!trained);", "true);"),
                new Planted("joins break steps off", file, "(halting() && !lossSeen ? REPEAT_NS : 0)", "0"),
                new Planted("the innocent is blamed", "Blame.java", "blamed.isEmpty() ? List.of() : idle", "blamed"));
    }

    private static List<Planted> inTheLog() {
        return List.of(
                new Planted(
                        "a step counts in the first generation that could have done it",
                        "Lineage.java",
                        "generations.reversed().stream()",
                        "generations.stream()"),
                new Planted(
                        "the state comes from rank 0 always",
                        "Generation.java",
                        "if (members.get(rank).holder()) {",
                        "if (rank == 0) {"),
                new Planted(
                        "nobody is brought level",
                        "Generation.java",
                        "return !members.stream().allMatch(Member::holder);",
                        "return base.step() == 0;"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void shouldBeFound(Planted planted, @TempDir Path folder) throws Exception {
        Path sources = folder.resolve("src");
        List<String> files = copy(sources);
        Path patched = sources.resolve("io/kolo/elastic").resolve(planted.file);
        String source = Files.readString(patched);
        assertEquals(2, source.split(Pattern.quote(planted.from), -1).length, "once in " + planted.file);
        Files.writeString(patched, source.replace(planted.from, planted.to));
        List<String> options = new ArrayList<>(
                List.of("-d", folder.resolve("classes").toString(), "-cp", System.getProperty("java.class.path")));
        options.addAll(files);
        int status = ToolProvider.getSystemJavaCompiler().run(null, null, null, options.toArray(String[]::new));
        assertEquals(0, status, "it compiles");
        URL[] classes = {folder.resolve("classes").toUri().toURL()};
        try (URLClassLoader loader =
                new URLClassLoader(classes, new WithoutElastic(getClass().getClassLoader()))) {
            Class<?> campaign = loader.loadClass("io.kolo.elastic.simulation.Campaign");
            assertEquals(loader, campaign.getClassLoader(), "the patched one");
            Object failure = campaign.getMethod("run", long.class, long.class)
                    .invoke(campaign.getConstructor().newInstance(), 1L, MOST_SEEDS);
            System.out.println(planted + ": " + failure);
            assertNotNull(failure, "found by none of " + MOST_SEEDS + " seeds");
        }
    }

    private static List<String> copy(Path target) throws IOException {
        List<String> copies = new ArrayList<>();
        try (Stream<Path> sources = Files.walk(SOURCES)) {
            for (Path source : sources.filter(Files::isRegularFile).toList()) {
                Path copy = target.resolve(SOURCES.relativize(source).toString());
                Files.createDirectories(copy.resolveSibling("."));
                Files.copy(source, copy);
                copies.add(copy.toString());
            }
        }
        assertTrue(copies.size() > 20, copies.toString());
        return copies;
    }

    /** So that the patched classes are taken, not those of the class path. */
    private static final class WithoutElastic extends ClassLoader {
        WithoutElastic(ClassLoader parent) {
            super(parent);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("io.kolo.elastic.")) {
                throw new ClassNotFoundException(name);
            }
            return super.loadClass(name, resolve);
        }
    }
}
