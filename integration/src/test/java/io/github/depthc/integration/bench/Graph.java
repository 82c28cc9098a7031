// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.ModelInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A decoder graph and one sequence, run by ONNX Runtime with nothing of depthc's runtime around it: all inputs and outputs
 * are given buffers, the caches are in place. It takes the graphs of bundles and those of {@link HandBuilt}, whose inputs
 * have the same names.
 */
final class Graph implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final ModelInfo model;
    private final int capacity;
    private final Map<String, OnnxTensor> caches = new HashMap<>();
    private final Map<String, OnnxTensor> pinnedCaches = new HashMap<>();
    private final long[] lengths;
    private Call step;

    /** The tensors of one shape of call. */
    private final class Call {
        final Map<String, OnnxTensor> inputs = new HashMap<>(caches);
        final Map<String, OnnxTensor> outputs = new HashMap<>(pinnedCaches);
        final LongBuffer ids;
        final LongBuffer positions;
        final LongBuffer starts;
        final LongBuffer before;
        final LongBuffer after;
        final ByteBuffer candidates;
        final int tokens;

        Call(int tokens) throws OrtException {
            this.tokens = tokens;
            ids = longs(GraphNames.TOKEN_IDS, tokens);
            positions = longs(GraphNames.POSITIONS, tokens);
            longs(GraphNames.ROW_LENGTHS, 1).put(0, tokens);
            starts = longs(GraphNames.ROW_STARTS, 1);
            longs(GraphNames.LOGITS_AT, 1).put(0, tokens - 1L);
            before = longs(OnnxNames.CACHE_LENGTHS, lengths.length, 1);
            candidates = ByteBuffer.allocateDirect(tokens);
            if (session.getInputNames().contains(GraphNames.CANDIDATES)) {
                inputs.put(GraphNames.CANDIDATES, OnnxTensor.createTensor(environment, candidates, new long[] {tokens}, OnnxJavaType.BOOL));
            }
            after = direct(lengths.length * Long.BYTES).asLongBuffer();
            if (session.getOutputNames().contains(OnnxNames.PRESENT_LENGTHS)) {
                outputs.put(OnnxNames.PRESENT_LENGTHS, OnnxTensor.createTensor(environment, after, new long[] {lengths.length, 1}));
            }
            outputs.put(GraphNames.LOGITS, OnnxTensor.createTensor(environment, direct(model.vocab() * Float.BYTES).asFloatBuffer(),
                    new long[] {1, model.vocab()}));
        }

        private LongBuffer longs(String name, long... shape) throws OrtException {
            LongBuffer buffer = direct((int) shape[0] * Long.BYTES).asLongBuffer();
            if (session.getInputNames().contains(name)) {
                inputs.put(name, OnnxTensor.createTensor(environment, buffer, shape));
            }
            return buffer;
        }

        void run(int[] tokens, int start, int firstCandidate, int lastCandidate) throws OrtException {
            for (int i = 0; i < tokens.length; i++) {
                ids.put(i, tokens[i]);
                positions.put(i, start + i);
                candidates.put(i, (byte) (i >= firstCandidate && i < lastCandidate ? 1 : 0));
            }
            starts.put(0, start);
            before.put(0, lengths);
            session.run(inputs, java.util.Set.of(), outputs).close();
            if (outputs.containsKey(OnnxNames.PRESENT_LENGTHS)) {
                after.get(0, lengths);
            } else {
                java.util.Arrays.setAll(lengths, l -> lengths[l] + tokens.length);
            }
        }
    }

    /**
     * Makes the process's environment as depthc does, one thread pool for all sessions; must come before anything else that
     * uses ONNX Runtime.
     *
     * @param spin whether idle threads spin, as the library lets them by default; in depthc they do not
     */
    static void start(boolean spin) {
        try (var threads = new OrtEnvironment.ThreadingOptions()) {
            threads.setGlobalIntraOpNumThreads(Runtime.getRuntime().availableProcessors());
            threads.setGlobalInterOpNumThreads(1);
            threads.setGlobalSpinControl(spin);
            OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "bench", threads);
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Loads a graph.
     *
     * @param capacity of the caches, tokens; rounded up to a multiple of 16, as the graph wants it
     * @param profile  prefix of the profile's file, if one is wanted
     */
    Graph(Path file, ModelInfo model, int capacity, Optional<Path> profile) {
        this.model = model;
        this.capacity = (capacity + 15) / 16 * 16;
        this.lengths = new long[model.layers()];
        try (var options = new OrtSession.SessionOptions()) {
            options.disablePerSessionThreads();
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            if (profile.isPresent()) {
                options.enableProfiling(profile.get().toString());
            }
            session = environment.createSession(file.toString(), options);
            for (int l = 0; l < model.layers(); l++) {
                cache(OnnxNames.pastKey(l), OnnxNames.presentKey(l));
                cache(OnnxNames.pastValue(l), OnnxNames.presentValue(l));
            }
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    private void cache(String past, String present) throws OrtException {
        int bytes = model.kvHeads() * capacity * model.headDim() * Float.BYTES;
        OnnxTensor tensor = OnnxTensor.createTensor(environment, direct(bytes).asFloatBuffer(),
                new long[] {1, model.kvHeads(), capacity, model.headDim()});
        caches.put(past, tensor);
        pinnedCaches.put(present, tensor);
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** Runs a prompt from empty caches, of which these positions may be skipped. */
    void prefill(int[] prompt, int firstCandidate, int lastCandidate) {
        java.util.Arrays.fill(lengths, 0);
        try {
            new Call(prompt.length).run(prompt, 0, firstCandidate, lastCandidate);
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Appends a token at a position. */
    void step(int token, int position) {
        try {
            if (step == null) {
                step = new Call(1);
            }
            step.run(new int[] {token}, position, 0, 0);
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The logits of the last step. */
    float[] stepLogits() {
        var logits = new float[model.vocab()];
        step.outputs.get(GraphNames.LOGITS).getFloatBuffer().get(logits);
        return logits;
    }

    /** Tokens in each layer's cache. */
    long[] lengths() {
        return lengths.clone();
    }

    /** Ends the profile; gives its file. */
    Path endProfile() {
        try {
            return Path.of(session.endProfiling());
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }
}
