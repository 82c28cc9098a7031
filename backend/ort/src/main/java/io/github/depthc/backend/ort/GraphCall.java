// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.bundle.LayerCache;
import io.github.depthc.backend.onnx.CacheMode;
import io.github.depthc.backend.onnx.OnnxNames;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Inputs and outputs of the decoder graph for one group of slots and one shape of input. A decode loop runs the same call
 * again and again: everything is in place, only numbers change.
 */
final class GraphCall implements AutoCloseable {
    final SlotGroup group;
    /** One new token for each row, to be run again with other tokens. */
    final boolean isStep;
    /** I64 {@code [tokens]}; null when the graph takes embeddings. */
    final NativeTensor ids;
    /** F32 {@code [tokens, hidden]}; null when the graph takes token ids. */
    final NativeTensor embeddings;
    final NativeTensor positions;
    final NativeTensor rowLengths;
    final NativeTensor rowStarts;
    final NativeTensor candidates;
    final NativeTensor logitsAt;
    private final NativeTensor cacheLengths;
    private final NativeTensor presentLengths;
    private final StepOutput output;

    private final OrtEnvironment environment;
    private final List<LayerCache> caches;
    private final boolean encoder;
    // Names of the inputs that the graph has: a layer that hands its cache on takes no past.
    private final Set<String> graphInputs;
    private final int[] appended;
    // New entries of APPEND layers whose number is known before the run; null elsewhere.
    private final NativeTensor[] newKeys;
    private final NativeTensor[] newValues;
    private final NativeTensor[] newIndices;
    private final Map<String, OnnxTensor> inputs = new HashMap<>();
    private final Map<String, OnnxTensor> pinned = new HashMap<>();
    private final Set<String> requested = new HashSet<>();
    private final List<NativeTensor> own = new ArrayList<>();
    private int boundVersion = -1;

    /**
     * @param graphInputs names of the inputs that the graph has
     * @param appended    new cache entries of each layer over all rows, or −1 where that is not known beforehand
     * @param isStep      one new token for each row, to be run again
     * @param tokens      new tokens of all rows
     * @param outputs     positions whose logits are wanted
     */
    GraphCall(OrtEnvironment environment, BundleInfo info, Set<String> graphInputs, SlotGroup group, boolean isStep,
            int tokens, int outputs, int[] appended) {
        this.environment = environment;
        this.group = group;
        this.isStep = isStep;
        this.caches = info.caches();
        this.encoder = info.output() == BundleInfo.Output.HIDDEN_STATES;
        this.graphInputs = graphInputs;
        this.appended = appended;
        int layers = caches.size();
        int rows = group.rows();
        newKeys = new NativeTensor[layers];
        newValues = new NativeTensor[layers];
        newIndices = new NativeTensor[layers];
        try {
            boolean takesIds = graphInputs.contains(GraphNames.TOKEN_IDS);
            ids = takesIds ? make(DType.I64, tokens) : null;
            embeddings = takesIds ? null : make(DType.F32, tokens, info.model().hidden());
            positions = make(DType.I64, tokens);
            rowLengths = make(DType.I64, rows);
            rowStarts = make(DType.I64, rows);
            candidates = make(DType.BOOL, tokens);
            logitsAt = make(DType.I64, outputs);
            cacheLengths = make(DType.I64, layers, rows);
            presentLengths = make(DType.I64, layers, rows);
            NativeTensor logits = make(DType.F32, outputs, info.outputWidth());
            output = new StepOutput(outputs, info.outputWidth(),
                    logits.data.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
            input(GraphNames.TOKEN_IDS, ids);
            input(GraphNames.INPUTS_EMBEDS, embeddings);
            input(GraphNames.POSITIONS, positions);
            input(GraphNames.ROW_LENGTHS, rowLengths);
            input(GraphNames.ROW_STARTS, rowStarts);
            input(GraphNames.CANDIDATES, candidates);
            input(GraphNames.LOGITS_AT, logitsAt);
            input(OnnxNames.CACHE_LENGTHS, cacheLengths);
            pinned.put(GraphNames.LOGITS, logits.tensor);
            pinned.put(OnnxNames.PRESENT_LENGTHS, presentLengths.tensor);
            for (int l = 0; l < layers; l++) {
                if (caches.get(l).mode() == CacheMode.APPEND) {
                    newEntries(l);
                }
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private void newEntries(int l) {
        LayerCache cache = caches.get(l);
        if (appended[l] > 0) {
            newKeys[l] = make(DType.F32, appended[l], (long) cache.kvHeads() * cache.headDim());
            newValues[l] = make(DType.F32, appended[l], (long) cache.kvHeads() * cache.headDim());
            pinned.put(OnnxNames.newKey(l), newKeys[l].tensor);
            pinned.put(OnnxNames.newValue(l), newValues[l].tensor);
            if (cache.indexed()) {
                newIndices[l] = make(DType.I64, appended[l]);
                pinned.put(OnnxNames.newIndex(l), newIndices[l].tensor);
            }
        } else {
            requested.add(OnnxNames.newKey(l));
            requested.add(OnnxNames.newValue(l));
            if (cache.indexed()) {
                requested.add(OnnxNames.newIndex(l));
            }
        }
    }

    private NativeTensor make(DType type, long... shape) {
        NativeTensor made = NativeTensor.of(environment, type, shape);
        own.add(made);
        return made;
    }

    private void input(String name, NativeTensor tensor) {
        if (tensor != null && graphInputs.contains(name)) {
            inputs.put(name, tensor.tensor);
        }
    }

    private void bindCaches() {
        for (int l = 0; l < caches.size(); l++) {
            CacheBuffer buffer = group.layer(l);
            input(OnnxNames.pastKey(l), buffer.key);
            input(OnnxNames.pastValue(l), buffer.value);
            input(OnnxNames.pastIndex(l), buffer.index);
            if (caches.get(l).mode() == CacheMode.IN_PLACE) {
                pinned.put(OnnxNames.presentKey(l), buffer.key.tensor);
                pinned.put(OnnxNames.presentValue(l), buffer.value.tensor);
            }
        }
        boundVersion = group.version();
    }

    /**
     * Runs the graph on what the inputs hold and brings the slots' caches and lengths up to date.
     *
     * @param kept gets the tokens that each routed layer kept, by its number, where the graph tells them
     */
    StepOutput run(OrtSession session, Optional<Map<Integer, int[]>> kept) {
        for (int l = 0; l < caches.size(); l++) {
            for (int r = 0; r < group.rows(); r++) {
                cacheLengths.setLong((long) l * group.rows() + r, group.slot(r).cached[l]);
            }
        }
        if (boundVersion != group.version()) {
            bindCaches();
        }
        if (kept.isPresent()) {
            IntStream.range(0, caches.size()).mapToObj(OnnxNames::kept).filter(session.getOutputNames()::contains).forEach(requested::add);
        }
        try (OrtSession.Result result = session.run(inputs, requested, pinned)) {
            kept.ifPresent(map -> IntStream.range(0, caches.size()).forEach(l -> result.get(OnnxNames.kept(l)).ifPresent(k -> map.put(l, ints((OnnxTensor) k)))));
            for (int l = 0; l < caches.size(); l++) {
                update(l, result);
            }
        } catch (OrtException e) {
            throw OrtRuntime.failure("failed", e);
        }
        for (int r = 0; r < group.rows(); r++) {
            group.slot(r).length += (int) rowLengths.getLong(r);
        }
        for (int i = 0; i < output.rows(); i++) {
            requireFinite(i);
        }
        return output;
    }

    private static int[] ints(OnnxTensor tensor) {
        LongBuffer longs = tensor.getLongBuffer();
        return IntStream.range(0, longs.remaining()).map(i -> Math.toIntExact(longs.get(i))).toArray();
    }

    // Attention and norms carry a NaN to all that follows: no token drawn from such logits means anything.
    private void requireFinite(int row) {
        OptionalInt found = output.notFinite(row);
        if (found.isPresent()) {
            throw new NotFiniteException("the model's output is not finite: at position " + positions.getLong(logitsAt.getLong(row))
                    + " of the sequence " + (encoder ? "element " : "the logit of token ") + found.getAsInt() + " is " + output.at(row, found.getAsInt())
                    + "; its values overflow f32, or its weights were changed since it was converted");
        }
    }

    private void update(int l, OrtSession.Result result) {
        int rows = group.rows();
        if (caches.get(l).mode() == CacheMode.APPEND) {
            append(l, result);
        }
        for (int r = 0; r < rows; r++) {
            OrtSlot slot = group.slot(r);
            long present = presentLengths.getLong((long) l * rows + r);
            if (present < slot.cached[l] || present > slot.cached[l] + rowLengths.getLong(r)) {
                throw new IllegalStateException("layer " + l + " says its cache has " + present + " entries, before it had "
                        + slot.cached[l] + " and " + rowLengths.getLong(r) + " tokens are new");
            }
            slot.cached[l] = (int) present;
        }
    }

    private void append(int l, OrtSession.Result result) {
        int rows = group.rows();
        int total = 0;
        int most = 0;
        for (int r = 0; r < rows; r++) {
            int count = newEntries(l, r);
            total += count;
            most = Math.max(most, count);
        }
        if (total == 0) {
            return;
        }
        MemorySegment keys;
        MemorySegment values;
        MemorySegment places;
        if (newKeys[l] != null) {
            keys = newKeys[l].data;
            values = newValues[l].data;
            places = newIndices[l] == null ? null : newIndices[l].data;
        } else {
            keys = MemorySegment.ofBuffer(output(result, OnnxNames.newKey(l)).getFloatBuffer());
            values = MemorySegment.ofBuffer(output(result, OnnxNames.newValue(l)).getFloatBuffer());
            places = caches.get(l).indexed() ? MemorySegment.ofBuffer(output(result, OnnxNames.newIndex(l)).getLongBuffer()) : null;
        }
        group.reserve(l, most);
        int first = 0;
        for (int r = 0; r < rows; r++) {
            int count = newEntries(l, r);
            group.layer(l).append(r, group.slot(r).cached[l], keys, values, places, first, count);
            first += count;
        }
    }

    private int newEntries(int l, int r) {
        return (int) presentLengths.getLong((long) l * group.rows() + r) - group.slot(r).cached[l];
    }

    private static OnnxTensor output(OrtSession.Result result, String name) {
        return (OnnxTensor) result.get(name).orElseThrow(() -> new IllegalStateException("the graph gave no " + name));
    }

    @Override
    public void close() {
        own.forEach(NativeTensor::close);
        own.clear();
    }
}
