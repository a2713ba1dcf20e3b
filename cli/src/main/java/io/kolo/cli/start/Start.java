package io.kolo.cli.start;

import java.lang.reflect.InvocationTargetException;

/** The main class of the jar. */
public final class Start {
    private static final int JAVA_NEEDED = 25;
    private static final int USAGE_ERROR = 2;

    private Start() {}

    /** Checks the JVM and hands over to {@code io.kolo.cli.Main}. */
    public static void main(String[] args) throws Throwable {
        int feature = Runtime.version().feature();
        if (feature < JAVA_NEEDED) {
            System.err.println("kolo: this is Java " + feature + ", and Kolo needs " + JAVA_NEEDED
                    + ": start it with ./kolo, which looks for a JDK, or with JAVA_HOME/bin/java of a newer one");
            System.exit(USAGE_ERROR);
        }
        try {
            Class.forName("io.kolo.cli.Main").getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
