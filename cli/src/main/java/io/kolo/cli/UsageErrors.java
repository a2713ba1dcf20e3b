package io.kolo.cli;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Answers a command that can't be understood: what is wrong, what was perhaps meant, and where to read on. */
final class UsageErrors implements IParameterExceptionHandler {
    private static final int USAGE_ERROR = 2;
    private static final int MAX_EDITS = 2;

    @Override
    public int handleParseException(ParameterException error, String[] args) {
        CommandLine command = error.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("kolo: " + message(error));
        if (error instanceof UnmatchedArgumentException unmatched) {
            meant(unmatched.getUnmatched().getFirst(), command)
                    .ifPresent(guess -> err.println("Did you mean " + guess + "?"));
        }
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return USAGE_ERROR;
    }

    private static String message(ParameterException error) {
        return error instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()
                ? "Unexpected argument: '" + unmatched.getUnmatched().getFirst() + "'"
                : String.valueOf(error.getMessage());
    }

    private static Optional<String> meant(String given, CommandLine command) {
        LevenshteinDistance edits = LevenshteinDistance.getDefaultInstance();
        Stream<String> options = command.getCommandSpec().optionsMap().keySet().stream();
        return Stream.concat(command.getSubcommands().keySet().stream(), options)
                .filter(name -> edits.apply(given, name) <= Math.min(MAX_EDITS, given.length() - 1))
                .min(Comparator.comparing(name -> edits.apply(given, name)));
    }
}
