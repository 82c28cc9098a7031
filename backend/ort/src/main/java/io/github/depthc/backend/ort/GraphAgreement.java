// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.LayerCache;
import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.InputException;
import java.util.Arrays;
import java.util.Map;

/**
 * Holds a decoder graph's inputs and outputs against what {@code bundle.json} says of them: the buffers that a run gives the
 * graph are made by the latter.
 */
final class GraphAgreement {
    private static final long ANY = -1;

    private final Bundle bundle;
    private final String file;
    private final Map<String, NodeInfo> inputs;
    private final Map<String, NodeInfo> outputs;

    private GraphAgreement(Bundle bundle, BundleInfo.Component decoder, OrtSession session) throws OrtException {
        this.bundle = bundle;
        this.file = decoder.file();
        this.inputs = session.getInputInfo();
        this.outputs = session.getOutputInfo();
    }

    /** {@link InputException} names the input or output that is not as the bundle says. */
    static void check(Bundle bundle, BundleInfo.Component decoder, OrtSession session) throws OrtException {
        new GraphAgreement(bundle, decoder, session).check(decoder);
    }

    private void check(BundleInfo.Component decoder) {
        BundleInfo info = bundle.info();
        if (decoder.inputs() == BundleInfo.Inputs.EMBEDDINGS) {
            has("components.inputs", inputs, GraphNames.INPUTS_EMBEDS, ANY, info.model().hidden());
        } else {
            has("components.inputs", inputs, GraphNames.TOKEN_IDS, ANY);
        }
        has(info.output() == BundleInfo.Output.LOGITS ? "model.vocab" : "model.hidden", outputs, GraphNames.LOGITS, ANY, info.outputWidth());
        has("model.layers", inputs, OnnxNames.CACHE_LENGTHS, info.caches().size(), ANY);
        has("model.layers", outputs, OnnxNames.PRESENT_LENGTHS, info.caches().size(), ANY);
        for (int l = 0; l < info.caches().size(); l++) {
            check(l, info.caches().get(l));
        }
    }

    private void check(int l, LayerCache cache) {
        String field = "routing.layers[" + l + "].cache";
        if (cache.mode() == CacheMode.IN_PLACE) {
            has(field, outputs, OnnxNames.presentKey(l), ANY, cache.kvHeads(), ANY, cache.headDim());
            has(field, outputs, OnnxNames.presentValue(l), ANY, cache.kvHeads(), ANY, cache.headDim());
        } else {
            long width = (long) cache.kvHeads() * cache.headDim();
            has(field, outputs, OnnxNames.newKey(l), ANY, width);
            has(field, outputs, OnnxNames.newValue(l), ANY, width);
        }
        // A layer without attention takes no past.
        if (inputs.containsKey(OnnxNames.pastKey(l))) {
            has(field, inputs, OnnxNames.pastKey(l), ANY, cache.kvHeads(), ANY, cache.headDim());
            has(field, inputs, OnnxNames.pastValue(l), ANY, cache.kvHeads(), ANY, cache.headDim());
            if (cache.indexed() != inputs.containsKey(OnnxNames.pastIndex(l))) {
                throw bad(field + ".indexed is " + cache.indexed(), OnnxNames.pastIndex(l) + (cache.indexed() ? " is not there" : " is there"));
            }
        }
    }

    private void has(String field, Map<String, NodeInfo> among, String name, long... shape) {
        NodeInfo found = among.get(name);
        if (found == null) {
            throw bad(field + " asks for " + name, "has none");
        }
        long[] actual = found.getInfo() instanceof TensorInfo t ? t.getShape() : new long[0];
        boolean fits = actual.length == shape.length;
        for (int i = 0; fits && i < shape.length; i++) {
            fits = shape[i] == ANY || actual[i] == shape[i];
        }
        if (!fits) {
            throw bad(field + " asks for " + name + " " + Arrays.toString(shape), "has " + Arrays.toString(actual) + " (-1 is any size)");
        }
    }

    private InputException bad(String said, String found) {
        return new InputException(bundle.folder().resolve(Bundle.JSON) + ": " + said + ", but " + file + " " + found + "; convert the model again");
    }
}
