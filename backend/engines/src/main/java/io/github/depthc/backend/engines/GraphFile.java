// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.engines;

import com.google.protobuf.InvalidProtocolBufferException;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The graph of a bundle's decoder. */
final class GraphFile {
    private GraphFile() {
    }

    /** Reads it; its weights are external data, which is not read. An encoder is an {@link InputException}. */
    static ModelProto read(Bundle bundle) throws IOException {
        if (bundle.info().output() != BundleInfo.Output.LOGITS) {
            throw new InputException(bundle.folder() + ": is an encoder, which has no next token, expected a decoder");
        }
        Path file = bundle.file(bundle.component(Bundle.DECODER).file());
        try (InputStream in = Files.newInputStream(file)) {
            return ModelProto.parseFrom(in);
        } catch (InvalidProtocolBufferException e) {
            throw new InputException(file + ": is no ONNX model: " + e.getMessage() + "; convert the model again", e);
        }
    }
}
