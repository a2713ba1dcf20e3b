package io.kolo.executor.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The last lines of a process's output, which say best how it ended. Any thread may add and ask. */
public final class LastLines {
    private static final int MOST = 10;

    private final Deque<String> lines = new ArrayDeque<>();

    /** No lines yet. */
    public LastLines() {}

    /** Adds a line. */
    public synchronized void add(String line) {
        if (lines.size() == MOST) {
            lines.removeFirst();
        }
        lines.addLast(line);
    }

    /** Returns them, oldest first. */
    public synchronized List<String> list() {
        return List.copyOf(lines);
    }
}
