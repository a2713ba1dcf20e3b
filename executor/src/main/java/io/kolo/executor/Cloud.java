package io.kolo.executor;

import java.net.URI;

/** A cloud that takes spot machines away at short notice, and says so to them a moment before. */
public enum Cloud {
    /** Amazon EC2, two minutes before: "Spot Instance interruption notices" of its instance metadata, version 2. */
    AWS("http://169.254.169.254"),
    /** Google Compute Engine, 30 seconds before: the value "preempted" of its metadata server. */
    GCP("http://metadata.google.internal"),
    /** Azure, 30 seconds before: event "Preempt" of its scheduled events. */
    AZURE("http://169.254.169.254");

    private final URI metadata;

    Cloud(String metadata) {
        this.metadata = URI.create(metadata);
    }

    /** Returns where its machines find its metadata service. */
    public URI metadata() {
        return metadata;
    }
}
