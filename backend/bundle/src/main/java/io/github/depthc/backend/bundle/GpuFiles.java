// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.depthc.backend.onnx.proto.ModelProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/** The files of a bundle for GPUs, all in one folder. */
interface GpuFiles {
    /** The files of this form. */
    static GpuFiles of(EngineParts parts, BundleSpec spec) {
        return switch (parts.form()) {
            case SEGMENTS -> new EngineFiles(parts, spec.toolVersion());
            case SINGLE -> new SingleFiles(parts, spec);
        };
    }

    /** Where the weights go. */
    WeightLayout layout();

    /** Graphs, by their file in the bundle. */
    Map<String, ModelProto> graphs();

    /** Other files, by their path in the bundle. */
    Map<String, byte[]> others();

    /** The text of a list of files. */
    static byte[] text(JsonNode json) {
        try {
            return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
