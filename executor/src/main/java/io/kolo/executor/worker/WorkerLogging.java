package io.kolo.executor.worker;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** What libraries log on an ordinary day is not what a user wants to read, times the number of workers. */
final class WorkerLogging {
    /** Held, since a logger that nobody holds forgets its level. */
    private static final List<Logger> CHATTY = Stream.of("org.nd4j", "org.deeplearning4j", "org.bytedeco", "io.grpc")
            .map(Logger::getLogger)
            .toList();

    private WorkerLogging() {}

    static void quietLibraries() {
        CHATTY.forEach(logger -> logger.setLevel(Level.WARNING));
    }
}
