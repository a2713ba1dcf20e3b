package io.kolo.executor.control;

import io.kolo.elastic.Standing;
import io.kolo.executor.control.proto.Hello;

/** Takes what workers say to a coordinator; called by several threads, for one worker by one at a time. */
public interface MemberListener {
    /** A worker is here; it may have been before, on another connection. */
    void came(Hello hello, MemberConnection connection);

    /** A worker says where it stands in a run. */
    void stands(int run, Standing standing);
}
