package io.kolo.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a number of bytes as people write it: {@code 512}, {@code 64K}, {@code 16M}, {@code 1G}. */
final class Bytes implements ITypeConverter<Long> {
    /** Fewer digits before a unit, so that nothing overflows. */
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18}$|\\d{1,9})([KMG]?)");

    @Override
    public Long convert(String text) {
        Matcher size = SIZE.matcher(text);
        if (!size.matches()) {
            throw new TypeConversionException("'" + text + "' is no size: write 512, 64K, 16M or 1G");
        }
        long number = Long.parseLong(size.group(1));
        return switch (size.group(2)) {
            case "K" -> number << 10;
            case "M" -> number << 20;
            case "G" -> number << 30;
            default -> number;
        };
    }
}
