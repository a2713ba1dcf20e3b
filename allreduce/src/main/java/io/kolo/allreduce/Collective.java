package io.kolo.allreduce;

/** What the ranks do together; the code is part of the wire format. */
enum Collective {
    ALL_REDUCE(1, "all-reduce"),
    BROADCAST(2, "broadcast"),
    BARRIER(3, "barrier"),
    REDUCE_SCATTER(4, "reduce-scatter"),
    ALL_GATHER(5, "all-gather"),
    REDUCE(6, "reduce"),
    GATHER(7, "gather"),
    SCATTER(8, "scatter"),
    ALL_TO_ALL(9, "all-to-all"),
    /** Of two ranks only, with numbers of their own. */
    SEND(10, "send"),
    /** Not an operation: the news that one has failed, passed on round the ring. */
    ABORT(15, "abort");

    private final int code;
    private final String label;

    Collective(int code, String label) {
        this.code = code;
        this.label = label;
    }

    int code() {
        return code;
    }

    @Override
    public String toString() {
        return label;
    }
}
