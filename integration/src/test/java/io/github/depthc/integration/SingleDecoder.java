// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.bundle.SingleGraphs;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.onnx.SingleGraph;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Drives the two graphs of one engine form as a caller of engines does: a prompt, then steps behind the caches that came out. */
final class SingleDecoder implements AutoCloseable {
    private final SingleGraphs graphs;
    private final OrtSession prompt;
    private final OrtSession step;
    private OrtSession.Result last;
    private int position;

    SingleDecoder(SingleGraphs graphs) throws OrtException {
        this.graphs = graphs;
        this.prompt = OrtEnvironment.getEnvironment().createSession(graphs.prompt().toString());
        this.step = OrtEnvironment.getEnvironment().createSession(graphs.step().toString());
    }

    /** Begins a sequence; empty if a layer keeps nothing of it, for which these graphs are not. */
    Optional<float[]> prompt(long[] ids, boolean[] candidates) throws OrtException {
        long count = 0;
        for (boolean candidate : candidates) {
            count += candidate ? 1 : 0;
        }
        var given = new HashMap<String, OnnxTensor>();
        for (int layer : graphs.ratios().keySet()) {
            int kept = (int) graphs.kept(layer, ids.length, count);
            if (kept == 0) {
                given.values().forEach(OnnxTensor::close);
                return Optional.empty();
            }
            given.put(SingleGraph.keep(layer), OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), new boolean[kept]));
        }
        if (prompt.getInputNames().contains("candidates")) {
            given.put("candidates", OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), candidates));
        }
        given.put("input_ids", longs(ids));
        position = ids.length;
        return Optional.of(run(prompt, given));
    }

    float[] step(long id) throws OrtException {
        Map<String, OnnxTensor> given = new HashMap<>(Map.of("input_ids", longs(id), "position_ids", longs(position++)));
        for (Map.Entry<String, OnnxValue> e : last) {
            given.put(e.getKey().replace("present.", "past_key_values."), (OnnxTensor) e.getValue());
        }
        return run(step, given);
    }

    private float[] run(OrtSession session, Map<String, OnnxTensor> given) throws OrtException {
        given.keySet().retainAll(session.getInputNames());
        OrtSession.Result result = session.run(given);
        given.values().forEach(OnnxTensor::close);
        if (last != null) {
            last.close();
        }
        last = result;
        FloatBuffer logits = tensor("logits").getFloatBuffer();
        var values = new float[logits.remaining()];
        logits.get(values);
        return values;
    }

    private OnnxTensor tensor(String output) {
        return (OnnxTensor) last.get(output).orElseThrow();
    }

    /** The tokens that a layer kept of the prompt, which was the last call. */
    long[] kept(int layer) {
        LongBuffer kept = tensor(OnnxNames.kept(layer)).getLongBuffer();
        var values = new long[kept.remaining()];
        kept.get(values);
        return values;
    }

    /** Entries in a layer's cache after the last call. */
    long cacheLength(int layer) {
        return tensor(OnnxNames.presentKey(layer)).getInfo().getShape()[2];
    }

    private static OnnxTensor longs(long... values) throws OrtException {
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), LongBuffer.wrap(values), new long[] {values.length});
    }

    @Override
    public void close() throws OrtException {
        if (last != null) {
            last.close();
        }
        prompt.close();
        step.close();
    }
}
