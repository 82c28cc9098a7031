// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.reference.Cache;
import io.github.depthc.reference.Interpreter;
import io.github.depthc.reference.Rows;
import io.github.depthc.reference.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * Runs a region as {@link Interpreter#run} does, but emitted and by ONNX Runtime. Caches are laid out as the contract between
 * graph and runtime says, with numbers in the unused slots that would show if they were read, and in-place caches are pinned
 * in the past's own buffers.
 */
final class OrtRun {
    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();
    private static final float UNUSED = 1000;

    private final Region graph;
    private final Emission emission;
    private final Map<String, ?> inputs;
    private final Map<String, OnnxTensor> fed = new HashMap<>();
    private final Map<String, FloatBuffer> buffers = new HashMap<>();
    private int rows;
    private int newTokens;

    private OrtRun(Region graph, boolean portable, Map<String, ?> inputs) {
        this.graph = graph;
        this.inputs = inputs;
        this.emission = OnnxEmitter.emit(graph, new EmitOptions(portable, "test"), w -> {
            throw new AssertionError("tests use inline weights");
        });
    }

    /** The yields, given a {@code Tensor}, {@code Rows} or {@code Cache} of the interpreter for each parameter. */
    static List<Object> run(Region graph, boolean portable, Map<String, ?> inputs) {
        try {
            return new OrtRun(graph, portable, inputs).run();
        } catch (OrtException e) {
            throw new AssertionError(e);
        }
    }

    private List<Object> run() throws OrtException {
        try (var options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(2);
            try (OrtSession session = ENVIRONMENT.createSession(emission.model().toByteArray(), options)) {
                feed();
                fed.keySet().retainAll(session.getInputNames());
                if (!fed.keySet().equals(session.getInputNames())) {
                    throw new AssertionError("the graph wants " + session.getInputNames() + ", fed are " + fed.keySet());
                }
                var pinned = new HashMap<String, OnnxValue>();
                for (EmittedCache c : emission.caches()) {
                    if (c.mode() == CacheMode.IN_PLACE) {
                        pinned.put(OnnxNames.presentKey(c.layer()), fed.get(OnnxNames.pastKey(c.layer())));
                        pinned.put(OnnxNames.presentValue(c.layer()), fed.get(OnnxNames.pastValue(c.layer())));
                    }
                }
                var requested = new HashSet<>(session.getOutputNames());
                requested.removeAll(pinned.keySet());
                Map<String, OnnxTensorLike> feeds = new HashMap<>(fed);
                try (OrtSession.Result result = session.run(feeds, requested, pinned)) {
                    return yields(result);
                }
            }
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
    }

    private void feed() throws OrtException {
        for (Param p : graph.params()) {
            if (p.type() instanceof RowsType) {
                var r = (Rows) inputs.get(p.name());
                rows = r.count();
                newTokens = r.rowOf().length;
                long[] lengths = new long[rows];
                long[] starts = new long[rows];
                for (int i = 0; i < rows; i++) {
                    int[] tokens = r.tokensOf(i);
                    lengths[i] = tokens.length;
                    starts[i] = r.index()[tokens[0]];
                }
                fed.put(GraphNames.ROW_LENGTHS, longs(lengths, rows));
                fed.put(GraphNames.ROW_STARTS, longs(starts, rows));
            }
        }
        var lengths = new ArrayList<Long>();
        for (Param p : graph.params()) {
            switch (p.type()) {
                case TensorType t -> fed.put(p.name(), tensor(t.dtype(), (Tensor) inputs.get(p.name())));
                case RowsType t -> { }
                case CacheType t -> {
                    var cache = (Cache) inputs.get(p.name());
                    Arrays.stream(cache.lengths()).forEach(n -> lengths.add((long) n));
                    cache(Integer.parseInt(p.name().substring("cache.".length())), t, cache);
                }
            }
        }
        if (!lengths.isEmpty()) {
            fed.put(OnnxNames.CACHE_LENGTHS, longs(lengths.stream().mapToLong(n -> n).toArray(), lengths.size() / rows, rows));
        }
    }

    private void cache(int layer, CacheType type, Cache cache) throws OrtException {
        // a multiple of 16: prompts are padded to that
        int capacity = (Arrays.stream(cache.lengths()).max().orElseThrow() + newTokens + 16) / 16 * 16;
        int heads = type.kvHeads();
        int dim = type.headDim();
        float[] keys = new float[rows * heads * capacity * dim];
        Arrays.fill(keys, UNUSED);
        float[] values = keys.clone();
        long[] index = new long[rows * capacity];
        for (int r = 0; r < rows; r++) {
            List<Cache.Entry> entries = cache.rows().get(r);
            for (int s = 0; s < entries.size(); s++) {
                index[r * capacity + s] = entries.get(s).index();
                for (int i = 0; i < heads * dim; i++) {
                    int at = ((r * heads + i / dim) * capacity + s) * dim + i % dim;
                    keys[at] = (float) entries.get(s).key()[i];
                    values[at] = (float) entries.get(s).value()[i];
                }
            }
        }
        fed.put(OnnxNames.pastKey(layer), kept(OnnxNames.pastKey(layer), keys, rows, heads, capacity, dim));
        fed.put(OnnxNames.pastValue(layer), kept(OnnxNames.pastValue(layer), values, rows, heads, capacity, dim));
        fed.put(OnnxNames.pastIndex(layer), longs(index, rows, capacity));
    }

    private OnnxTensor kept(String name, float[] data, long... shape) throws OrtException {
        FloatBuffer buffer = ByteBuffer.allocateDirect(data.length * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
        buffer.put(data).rewind();
        buffers.put(name, buffer);
        return OnnxTensor.createTensor(ENVIRONMENT, buffer, shape);
    }

    private static OnnxTensor longs(long[] data, long... shape) throws OrtException {
        return OnnxTensor.createTensor(ENVIRONMENT, LongBuffer.wrap(data), shape);
    }

    private static OnnxTensor tensor(DType dtype, Tensor t) throws OrtException {
        long[] shape = Arrays.stream(t.shape()).mapToLong(d -> d).toArray();
        return switch (dtype) {
            case F32 -> {
                float[] f = new float[t.data().length];
                for (int i = 0; i < f.length; i++) {
                    f[i] = (float) t.data()[i];
                }
                yield OnnxTensor.createTensor(ENVIRONMENT, FloatBuffer.wrap(f), shape);
            }
            case I64 -> longs(Arrays.stream(t.data()).mapToLong(v -> (long) v).toArray(), shape);
            case BOOL -> {
                ByteBuffer b = ByteBuffer.allocateDirect(t.data().length);
                for (double v : t.data()) {
                    b.put((byte) v);
                }
                yield OnnxTensor.createTensor(ENVIRONMENT, b.rewind(), shape, ai.onnxruntime.OnnxJavaType.BOOL);
            }
            default -> throw new IllegalArgumentException(dtype.toString());
        };
    }

    private List<Object> yields(OrtSession.Result result) throws OrtException {
        var out = new ArrayList<>();
        int caches = 0;
        for (Value v : graph.yields()) {
            switch (v.type()) {
                case TensorType t -> out.add(read((OnnxTensor) result.get(
                        !emission.caches().isEmpty() && out.isEmpty() ? "logits" : OnnxNames.output(out.size())).orElseThrow()));
                case CacheType t -> out.add(present(caches++, result));
                case RowsType t -> throw new IllegalArgumentException();
            }
        }
        return out;
    }

    private Cache present(int at, OrtSession.Result result) throws OrtException {
        EmittedCache c = emission.caches().get(at);
        double[] lengths = read((OnnxTensor) result.get(OnnxNames.PRESENT_LENGTHS).orElseThrow()).row(at);
        var past = (Cache) inputs.get("cache." + c.layer());
        var all = new ArrayList<List<Cache.Entry>>();
        int next = 0;
        for (int r = 0; r < rows; r++) {
            var entries = new ArrayList<Cache.Entry>();
            for (int s = 0; s < lengths[r]; s++) {
                if (c.mode() == CacheMode.IN_PLACE) {
                    entries.add(new Cache.Entry(slot(OnnxNames.pastKey(c.layer()), c, r, s), slot(OnnxNames.pastValue(c.layer()), c, r, s), 0));
                } else if (s < past.lengths()[r]) {
                    entries.add(past.rows().get(r).get(s));
                } else {
                    long index = c.indexed() ? (long) read(result, OnnxNames.newIndex(c.layer())).data()[next] : 0;
                    entries.add(new Cache.Entry(read(result, OnnxNames.newKey(c.layer())).row(next),
                            read(result, OnnxNames.newValue(c.layer())).row(next++), index));
                }
            }
            all.add(entries);
        }
        return new Cache(all);
    }

    private double[] slot(String name, EmittedCache c, int row, int slot) {
        FloatBuffer b = buffers.get(name);
        int capacity = b.capacity() / (rows * c.kvHeads() * c.headDim());
        double[] out = new double[c.kvHeads() * c.headDim()];
        for (int i = 0; i < out.length; i++) {
            out[i] = b.get(((row * c.kvHeads() + i / c.headDim()) * capacity + slot) * c.headDim() + i % c.headDim());
        }
        return out;
    }

    private static Tensor read(OrtSession.Result result, String name) throws OrtException {
        return read((OnnxTensor) result.get(name).orElseThrow());
    }

    private static Tensor read(OnnxTensor t) {
        TensorInfo info = t.getInfo();
        int[] shape = Arrays.stream(info.getShape()).mapToInt(Math::toIntExact).toArray();
        double[] data = new double[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
        if (data.length == 0) {
            return new Tensor(data, shape);
        }
        switch (info.type) {
            case FLOAT -> {
                FloatBuffer b = t.getFloatBuffer();
                Arrays.setAll(data, b::get);
            }
            case INT64 -> {
                LongBuffer b = t.getLongBuffer();
                Arrays.setAll(data, b::get);
            }
            case BOOL -> {
                ByteBuffer b = t.getByteBuffer();
                Arrays.setAll(data, b::get);
            }
            default -> throw new IllegalArgumentException(info.type.toString());
        }
        return new Tensor(data, shape);
    }
}
