package io.kolo.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kolo.kernels.DataType;
import io.kolo.kernels.ReduceOp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the pages to what the code is. */
class DocsTest {
    private static final Pattern MESSAGE = Pattern.compile("^message (\\w+)", Pattern.MULTILINE);
    private static final Pattern CLASS_NAME = Pattern.compile("`([A-Z][a-z]+[A-Za-z]*)`");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");
    private static final Pattern HEADER_ROW = Pattern.compile("\\| (\\d+) \\| (\\d+) \\| ([a-z ]+) \\|");
    private static final Pattern HEADER_FIELD = Pattern.compile("int ([A-Z_]+) = (\\d+);");

    private static Set<String> javaFiles() throws IOException {
        try (Stream<Path> modules = Files.list(Repository.root())) {
            return modules.map(module -> module.resolve("src"))
                    .filter(Files::isDirectory)
                    .flatMap(source -> namesIn(source).stream())
                    .collect(Collectors.toSet());
        }
    }

    private static List<String> namesIn(Path source) {
        try (Stream<Path> files = Files.walk(source)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> pages() throws IOException {
        try (Stream<Path> docs = Files.list(Repository.root().resolve("docs"))) {
            return Stream.concat(
                    Stream.of("README.md", "ARCHITECTURE.md", "STYLE.md"),
                    docs.map(page -> "docs/" + page.getFileName()).sorted().toList().stream());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ARCHITECTURE.md",
                "docs/algorithm-direct.md",
                "docs/algorithm-exchange.md",
                "docs/algorithm-flat.md",
                "docs/algorithm-hosts.md",
                "docs/algorithm-ring.md",
                "docs/algorithm-staged.md",
                "docs/collectives.md",
                "docs/data-path.md",
                "docs/elastic.md",
                "docs/failures.md",
                "docs/control-channel.md",
                "docs/launching.md",
                "docs/security.md",
                "docs/shared-memory.md"
            })
    void shouldNameClassesThatExist(String page) throws IOException {
        Set<String> known = new TreeSet<>(javaFiles());
        known.addAll(Set.of("IllegalArgumentException", "IllegalStateException", "TimeoutException"));
        Matcher messages = MESSAGE.matcher(Repository.read("executor/src/main/proto/control.proto"));
        while (messages.find()) {
            known.add(messages.group(1));
        }
        Set<String> missing = new TreeSet<>();
        Matcher names = CLASS_NAME.matcher(Repository.read(page));
        while (names.find()) {
            if (!known.contains(names.group(1))) {
                missing.add(names.group(1));
            }
        }
        assertEquals(Set.of(), missing);
    }

    @ParameterizedTest
    @MethodSource("pages")
    void shouldLinkToFilesThatExist(String page) {
        Path folder = Repository.root().resolve(page).resolveSibling(".");
        List<String> broken = LINK.matcher(Repository.read(page))
                .results()
                .map(link -> link.group(1))
                .filter(target -> !Files.exists(folder.resolve(target)))
                .toList();
        assertEquals(List.of(), broken);
    }

    @Test
    void shouldDescribeTheHeaderAsItIsWritten() {
        List<String> described = HEADER_ROW
                .matcher(Repository.read("docs/wire-format.md"))
                .results()
                .map(row -> row.group(3).replace(' ', '_').toUpperCase(Locale.ROOT) + " at " + row.group(1))
                .toList();
        String source = Repository.read("allreduce/src/main/java/io/kolo/allreduce/ChunkHeader.java");
        List<String> written = HEADER_FIELD
                .matcher(source)
                .results()
                .filter(field -> !field.group(1).equals("LENGTH"))
                .map(field -> field.group(1) + " at " + field.group(2))
                .toList();
        assertEquals(written, described);
    }

    @Test
    void shouldDescribeTheCodesAsTheyAreWritten() {
        String page = Repository.read("docs/wire-format.md");
        for (Enum<?>[] constants : List.<Enum<?>[]>of(DataType.values(), ReduceOp.values())) {
            for (Enum<?> constant : constants) {
                int code = constant instanceof DataType type ? type.code() : ((ReduceOp) constant).code();
                assertTrue(page.contains(code + " " + constant.name()), constant + " is " + code);
            }
        }
    }

    @Test
    void shouldHaveTheCommandsOfTheGateInTheReadme() {
        List<String> lines = Repository.read("README.md").lines().toList();
        List<MatchResult> commands = Pattern.compile("(?m)^(?:main_job|tests)=\"(.+)\"$")
                .matcher(Repository.read(".ci/run"))
                .results()
                .toList();
        assertEquals(2, commands.size());
        commands.forEach(command -> assertTrue(lines.contains(command.group(1)), command.group(1)));
    }
}
