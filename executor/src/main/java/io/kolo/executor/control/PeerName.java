package io.kolo.executor.control;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** The name in the certificate that the caller has proven to own, for whoever serves the call. */
final class PeerName implements ServerInterceptor {
    private static final Context.Key<String> NAME = Context.key("peer-name");

    static String current() {
        String name = NAME.get();
        return name == null ? "" : name;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Context context =
                Context.current().withValue(NAME, name(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION)));
        return Contexts.interceptCall(context, call, headers, next);
    }

    private static String name(@Nullable SSLSession session) {
        try {
            return session == null
                    ? ""
                    : ((X509Certificate) session.getPeerCertificates()[0])
                            .getSubjectX500Principal()
                            .getName()
                            .substring("CN=".length());
        } catch (SSLPeerUnverifiedException e) {
            return "";
        }
    }
}
