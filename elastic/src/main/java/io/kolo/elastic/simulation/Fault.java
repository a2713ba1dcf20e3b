package io.kolo.elastic.simulation;

/**
 * Something that happens to a job.
 *
 * @param kind what
 * @param phase the phase that the job has to be in
 * @param occurrence in which of the times that the job comes into this phase, from 0 on
 * @param delayNs how long after that
 */
record Fault(Kind kind, JobPhase phase, int occurrence, long delayNs) {
    /** What happens. */
    enum Kind {
        /** A worker's process dies. */
        WORKER_KILLED,
        /** Half of the members die at once. */
        HALF_KILLED,
        /** All members die but one. */
        ALL_BUT_ONE_KILLED,
        /** A worker's process stands still for a second. */
        WORKER_STOPPED_FOR_1_S,
        /** A worker's process stands still for 10 s. */
        WORKER_STOPPED_FOR_10_S,
        /** The user's code in a worker hangs, for good, while its process says that it lives. */
        WORKER_HANGS,
        /** The coordinator takes a healthy worker for lost, and cannot end its process. */
        WORKER_SUSPECTED,
        /** A worker is told to leave. */
        WORKER_DRAINED,
        /** One more worker comes. */
        WORKER_JOINS,
        /** A worker and the coordinators hear nothing of each other for a while. */
        WORKER_CUT_OFF,
        /** Two members hear nothing of each other in the ring for a while. */
        RING_CUT,
        /** The coordinator's process dies, and is started again after a while. */
        COORDINATOR_KILLED,
        /** The coordinator's process stands still for a while. */
        COORDINATOR_STOPPED,
        /** A second coordinator is started beside the first. */
        COORDINATOR_DOUBLED
    }
}
