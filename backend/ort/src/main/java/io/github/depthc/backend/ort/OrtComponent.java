// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.HostTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A component of a bundle that has no caches: vision tower, embedding. Used by one thread at a time. */
public final class OrtComponent implements AutoCloseable {
    private final OrtProgram program;

    private OrtComponent(OrtProgram program) {
        this.program = program;
    }

    /**
     * Loads a component.
     *
     * @throws InputException if the bundle has none of this role for ONNX Runtime, or its graph is none
     * @throws IOException    if ONNX Runtime cannot load it
     */
    public static OrtComponent open(Bundle bundle, String role, OrtOptions options) throws IOException {
        OrtEnvironment environment = OrtRuntime.environment(options);
        OrtSession session = session(bundle, bundle.component(role), environment, options);
        try {
            return new OrtComponent(new OrtProgram(environment, session, () -> close(session), List.copyOf(session.getOutputNames())));
        } catch (OrtException e) {
            close(session);
            throw new IOException("ONNX Runtime cannot use " + bundle.component(role).file() + ": " + OrtRuntime.words(e), e);
        }
    }

    /** A session of a component's graph. */
    static OrtSession session(Bundle bundle, BundleInfo.Component component, OrtEnvironment environment, OrtOptions options) throws IOException {
        if (!component.runtime().equals("onnx")) {
            throw new InputException(bundle.folder() + " has a " + component.role() + " for " + component.runtime() + ", expected onnx");
        }
        Path graph = bundle.file(component.file());
        try (OrtSession.SessionOptions session = OrtRuntime.session(options.prepacking())) {
            return environment.createSession(graph.toString(), session);
        } catch (OrtException e) {
            if (e.getCode() == OrtException.OrtErrorCode.ORT_INVALID_PROTOBUF || e.getCode() == OrtException.OrtErrorCode.ORT_NO_MODEL) {
                throw new InputException(graph + ": is no ONNX graph; convert the model again", e);
            }
            throw new IOException("ONNX Runtime cannot load " + graph + ": " + OrtRuntime.words(e), e);
        }
    }

    private static void close(OrtSession session) {
        try {
            session.close();
        } catch (OrtException e) {
            throw OrtRuntime.failure("cannot close the session", e);
        }
    }

    /**
     * Runs it.
     *
     * @param inputs by name
     * @return its outputs, in order
     * @throws java.io.UncheckedIOException if the run fails
     */
    public List<HostTensor> run(Map<String, HostTensor> inputs) {
        return program.run(inputs);
    }

    @Override
    public void close() {
        program.close();
    }
}
