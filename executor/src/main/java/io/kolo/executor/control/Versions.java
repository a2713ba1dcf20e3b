package io.kolo.executor.control;

import java.util.Optional;

/** What driver and workers have to have in common: objects of one are read by the other. */
public final class Versions {
    /** This process's versions: {@code "Kolo 0.1.0 on Java 25"}. */
    public static final String OWN = "Kolo "
            + Optional.ofNullable(Versions.class.getPackage().getImplementationVersion())
                    .orElse("from sources")
            + " on Java " + Runtime.version().feature();

    private Versions() {}
}
