package io.kolo.elastic.simulation;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** How often each fault has happened in each phase of a job. */
public final class Coverage {
    private final Map<Fault.Kind, Map<JobPhase, Long>> counts = new EnumMap<>(Fault.Kind.class);

    void count(Fault.Kind kind, JobPhase phase) {
        count(kind, phase, 1);
    }

    void add(Coverage other) {
        other.counts.forEach((kind, row) -> row.forEach((phase, times) -> count(kind, phase, times)));
    }

    private void count(Fault.Kind kind, JobPhase phase, long times) {
        counts.computeIfAbsent(kind, row -> new EnumMap<>(JobPhase.class)).merge(phase, times, Long::sum);
    }

    private long counted(Fault.Kind kind, JobPhase phase) {
        return counts.getOrDefault(kind, Map.of()).getOrDefault(phase, 0L);
    }

    /** Returns the cells without a case, as {@code FAULT in PHASE}. */
    public List<String> empty() {
        List<String> empty = new ArrayList<>();
        for (Fault.Kind kind : Fault.Kind.values()) {
            for (JobPhase phase : JobPhase.values()) {
                if (counted(kind, phase) == 0) {
                    empty.add(kind + " in " + phase);
                }
            }
        }
        return empty;
    }

    /** Returns a table: a row a fault, a column a phase. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder(String.format("%-24s", "fault"));
        for (JobPhase phase : JobPhase.values()) {
            table.append(String.format("%11s", phase));
        }
        for (Fault.Kind kind : Fault.Kind.values()) {
            table.append(String.format("%n%-24s", kind));
            for (JobPhase phase : JobPhase.values()) {
                table.append(String.format("%11d", counted(kind, phase)));
            }
        }
        return table.toString();
    }
}
