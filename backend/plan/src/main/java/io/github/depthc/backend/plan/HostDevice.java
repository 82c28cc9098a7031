// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.kernels.host.Heads;
import io.github.depthc.backend.kernels.host.HostCache;
import io.github.depthc.backend.kernels.host.HostReceived;
import io.github.depthc.backend.kernels.host.HostRows;
import io.github.depthc.backend.kernels.host.HostScores;
import io.github.depthc.backend.kernels.host.HostSelect;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightReader;
import io.github.depthc.passes.api.Executor;
import io.github.depthc.passes.api.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The CPU: an {@link Executor} for the segments, plain Java for the kernels, all in F32. It is there to check plans and other devices, not to be
 * fast.
 */
public final class HostDevice implements Device {
    private static final long ALIGNMENT = 256;

    private final Plan plan;
    private final List<Region> bodies = new ArrayList<>();
    private final List<Executor.Program> segments = new ArrayList<>();
    private final Map<WeightExpr, DeviceTensor> weights = new HashMap<>();
    private final Arena arena = Arena.ofShared();

    /** Prepares the segments of a plan whose rows are F32. */
    public HostDevice(Plan plan, Executor executor) {
        if (plan.rowType() != DType.F32) {
            throw new IllegalArgumentException("a plan of " + plan.rowType() + ", the CPU computes in f32");
        }
        this.plan = plan;
        try {
            var matrices = new Dequantized(plan.model().weights(), arena);
            for (Node node : plan.segments()) {
                bodies.add(node.region());
                segments.add(executor.compile(matrices.in(node.region()), matrices));
            }
        } catch (RuntimeException | Error e) {
            Ending.after(e, List.of(this::close));
            throw e;
        }
    }

    @Override
    public String name() {
        return "the CPU's plan";
    }

    @Override
    public DType rowType() {
        return DType.F32;
    }

    @Override
    public EngineLimits limits() {
        return EngineLimits.NONE;
    }

    @Override
    public OptionalLong freeBytes() {
        return OptionalLong.empty();
    }

    @Override
    public DeviceMemory allocate(long bytes) {
        Arena own = Arena.ofShared();
        long address = own.allocate(bytes, ALIGNMENT).address();
        return new DeviceMemory() {
            @Override
            public long address() {
                return address;
            }

            @Override
            public long bytes() {
                return bytes;
            }

            @Override
            public void close() {
                own.close();
            }
        };
    }

    @Override
    public DeviceTensor weight(WeightExpr weight, DType as) {
        return weights.computeIfAbsent(weight, w -> {
            MemorySegment to = as == DType.I8 ? Dequantized.codes(w, plan.model().weights())
                    : arena.allocateFrom(ValueLayout.JAVA_FLOAT, WeightReader.floats(w, plan.model().weights()));
            return DeviceTensor.of(to.address(), as, w.type());
        });
    }

    @Override
    public void upload(MemorySegment from, DeviceTensor to) {
        bytes(to).copyFrom(from.asSlice(0, to.bytes()));
    }

    @Override
    public void download(DeviceTensor from, MemorySegment to) {
        to.copyFrom(bytes(from));
    }

    @Override
    public void copy(long from, long to, long bytes) {
        at(to, bytes).copyFrom(at(from, bytes));
    }

    @Override
    public void fill(DeviceTensor f32, float value) {
        for (int i = 0; i < f32.rows(); i++) {
            bytes(f32).setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
    }

    @Override
    public void narrow(DeviceTensor f32, DeviceTensor rows) {
        bytes(rows).copyFrom(bytes(f32));
    }

    @Override
    public Runnable record(Runnable work) {
        work.run();
        return work;
    }

    @Override
    public void segment(int index, List<DeviceTensor> inputs, List<DeviceTensor> outputs) {
        Region body = bodies.get(index);
        var given = new HashMap<String, HostTensor>();
        for (int i = 0; i < inputs.size(); i++) {
            DeviceTensor input = inputs.get(i);
            boolean vector = body.param(i).tensor().rank() < 2;
            given.put(body.param(i).name(), new HostTensor(input.dtype(), vector ? new long[] {input.rows()} : new long[] {input.rows(), input.width()}, bytes(input)));
        }
        List<HostTensor> results = segments.get(index).run(given);
        for (int i = 0; i < outputs.size(); i++) {
            bytes(outputs.get(i)).copyFrom(results.get(i).data());
        }
    }

    @Override
    public void rotaryTable(DeviceTensor positions, float[] inverse, float[] longInverse, long longFrom, float factor, DeviceTensor cos, DeviceTensor sin) {
        for (int t = 0; t < positions.rows(); t++) {
            int position = bytes(positions).getAtIndex(ValueLayout.JAVA_INT, t);
            for (int i = 0; i < inverse.length; i++) {
                float angle = position * (position >= longFrom ? longInverse : inverse)[i];
                bytes(cos).setAtIndex(ValueLayout.JAVA_FLOAT, (long) t * inverse.length + i, (float) Math.cos(angle) * factor);
                bytes(sin).setAtIndex(ValueLayout.JAVA_FLOAT, (long) t * inverse.length + i, (float) Math.sin(angle) * factor);
            }
        }
    }

    @Override
    public void attention(Attention kind, DeviceTensor q, DeviceTensor k, DeviceTensor v, DeviceTensor queryIndex, DeviceTensor keyIndex, DeviceTensor out) {
        MemorySegment queries = bytes(q);
        MemorySegment keys = bytes(k);
        MemorySegment values = bytes(v);
        MemorySegment to = bytes(out);
        int dim = kind.headDim();
        double[] p = new double[k.rows()];
        double[] sum = new double[dim];
        for (int i = 0; i < q.rows(); i++) {
            int query = queryIndex == null ? i : bytes(queryIndex).getAtIndex(ValueLayout.JAVA_INT, i);
            for (int h = 0; h < kind.heads(); h++) {
                long qAt = i * q.width() + (long) h * dim;
                long kvAt = (long) h / (kind.heads() / kind.kvHeads()) * dim;
                double most = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < k.rows(); j++) {
                    int key = keyIndex == null ? j : bytes(keyIndex).getAtIndex(ValueLayout.JAVA_INT, j);
                    boolean seen = key <= query && (kind.window() == 0 || key > query - kind.window());
                    p[j] = seen ? score(kind, dot(queries, qAt, keys, j * k.width() + kvAt, dim)) : Double.NEGATIVE_INFINITY;
                    most = Math.max(most, p[j]);
                }
                double total = 0;
                Arrays.fill(sum, 0);
                for (int j = 0; j < k.rows(); j++) {
                    double weight = p[j] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(p[j] - most);
                    total += weight;
                    for (int c = 0; weight > 0 && c < dim; c++) {
                        sum[c] += weight * values.getAtIndex(ValueLayout.JAVA_FLOAT, j * v.width() + kvAt + c);
                    }
                }
                for (int c = 0; c < dim; c++) {
                    to.setAtIndex(ValueLayout.JAVA_FLOAT, qAt + c, (float) (sum[c] / total));
                }
            }
        }
    }

    private static double score(Attention kind, double dot) {
        double s = dot * kind.scale();
        return kind.softcap() > 0 ? kind.softcap() * Math.tanh(s / kind.softcap()) : s;
    }

    private static double dot(MemorySegment a, long at, MemorySegment b, long place, int count) {
        double sum = 0;
        for (int c = 0; c < count; c++) {
            sum += (double) a.getAtIndex(ValueLayout.JAVA_FLOAT, at + c) * b.getAtIndex(ValueLayout.JAVA_FLOAT, place + c);
        }
        return sum;
    }

    @Override
    public void append(LayerCaches caches, DeviceTensor k, DeviceTensor v, DeviceTensor sequenceIndex, DeviceTensor keep) {
        int rows = k.rows();
        HostCache.append(bytes(k), bytes(v), rows, Math.toIntExact(caches.width()), pointed(caches.keys()), pointed(caches.values()),
                caches.indices() == null ? null : pointed(caches.indices()), bytes(sequenceIndex), bytes(caches.lengths()), keep == null ? null : bytes(keep));
    }

    @Override
    public void attend(Attention kind, LayerCaches caches, DeviceTensor q, DeviceTensor sequenceIndex, DeviceTensor out) {
        HostCache.attend(bytes(q), q.rows(), heads(kind.heads(), kind.kvHeads(), kind.headDim(), kind.scale(), kind.softcap()), kind.window(), pointed(caches.keys()),
                pointed(caches.values()), caches.indices() == null ? null : pointed(caches.indices()), bytes(sequenceIndex), bytes(caches.lengths()), bytes(out));
    }

    @Override
    public void attentionReceived(AttentionReceived kind, DeviceTensor q, DeviceTensor k, DeviceTensor score) {
        try (Arena own = Arena.ofConfined()) {
            HostReceived.received(bytes(q), bytes(k), own.allocateFrom(ValueLayout.JAVA_INT, 0, q.rows()), 1,
                    heads(kind.heads(), kind.kvHeads(), kind.headDim(), kind.scale(), kind.softcap()), kind.observers(), kind.causal(), bytes(score));
        }
    }

    private static Heads heads(int heads, int kvHeads, int headDim, double scale, double softcap) {
        return new Heads(heads, kvHeads, headDim, (float) scale, (float) softcap);
    }

    @Override
    public void score(ModScore kind, DeviceTensor x, List<DeviceTensor> weights, DeviceTensor score) {
        MemorySegment w = bytes(weights.getFirst());
        switch (kind.score()) {
            case Routing.Score.Linear(boolean bias) -> HostScores.linear(bytes(x), x.rows(), Math.toIntExact(x.width()), w, bias ? bytes(weights.get(1)) : null, bytes(score));
            case Routing.Score.SharedLinear s -> HostScores.softmax2(bytes(x), x.rows(), Math.toIntExact(x.width()), w, bytes(score));
            default -> throw new IllegalArgumentException("no such score: " + kind);
        }
    }

    @Override
    public void gate(Routing.Gate kind, Rows rows, DeviceTensor score, DeviceTensor candidates, DeviceTensor gate) {
        HostScores.gate(kind, bytes(score), bytes(candidates), bytes(rows.offsets()), rows.count(), bytes(gate));
    }

    @Override
    public void select(Routing.Selection rule, int layer, Rows rows, DeviceTensor candidates, DeviceTensor key, DeviceTensor mask, DeviceTensor rowKept) {
        HostSelect.select(rule, layer, bytes(rows.offsets()), rows.count(), bytes(candidates), key == null ? null : bytes(key), bytes(rows.sequenceIndex()), bytes(mask),
                bytes(rowKept));
    }

    @Override
    public void compact(Rows rows, DeviceTensor mask, DeviceTensor rowKept, DeviceTensor indices, DeviceTensor keptOffsets, DeviceTensor inverse) {
        HostRows.compact(bytes(rows.offsets()), rows.count(), bytes(mask), bytes(indices), bytes(keptOffsets), bytes(inverse));
    }

    @Override
    public void keepInPlace(DeviceTensor mask, DeviceTensor inverse) {
        for (int t = 0; t < mask.rows(); t++) {
            bytes(inverse).setAtIndex(ValueLayout.JAVA_INT, t, bytes(mask).get(ValueLayout.JAVA_BYTE, t) != 0 ? t : -1);
        }
    }

    @Override
    public void gatherNBits(EmbeddingNBits kind, DeviceTensor codes, DeviceTensor scales, DeviceTensor indices, DeviceTensor out) {
        HostRows.gatherNBits(bytes(codes), bytes(scales), bytes(indices), indices.rows(), Math.toIntExact(out.width()), kind.bits(), kind.block(), bytes(out));
    }

    @Override
    public void gather(DeviceTensor x, DeviceTensor indices, DeviceTensor out) {
        HostRows.gather(bytes(x), bytes(indices), indices.rows(), Math.toIntExact(x.rowBytes()), bytes(out));
    }

    @Override
    public void combine(DeviceTensor x, DeviceTensor inverse, DeviceTensor kept, DeviceTensor skipGate, DeviceTensor out) {
        HostRows.combine(bytes(x), x.rows(), Math.toIntExact(x.width()), bytes(inverse), bytes(kept), skipGate == null ? null : bytes(skipGate), bytes(out));
    }

    @Override
    public void combineScore(DeviceTensor x, DeviceTensor inverse, DeviceTensor kept, DeviceTensor skipGate, DeviceTensor out, List<DeviceTensor> weights,
            DeviceTensor score) {
        HostRows.combineScore(bytes(x), x.rows(), Math.toIntExact(x.width()), bytes(inverse), bytes(kept), skipGate == null ? null : bytes(skipGate), bytes(out),
                bytes(weights.getFirst()), weights.size() > 1 ? bytes(weights.get(1)) : null, bytes(score));
    }

    private static MemorySegment bytes(DeviceTensor tensor) {
        return at(tensor.address(), tensor.bytes());
    }

    @SuppressWarnings("restricted") // addresses are those of this device's own memory
    private static MemorySegment at(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    /** What a table of addresses points at; how far it reaches is for the caller to know. */
    private static List<MemorySegment> pointed(DeviceTensor addresses) {
        var segments = new ArrayList<MemorySegment>();
        for (int r = 0; r < addresses.rows(); r++) {
            segments.add(at(bytes(addresses).getAtIndex(ValueLayout.JAVA_LONG, r), Long.MAX_VALUE));
        }
        return segments;
    }

    @Override
    public void close() {
        List<Executor.Program> own = List.copyOf(segments);
        segments.clear();
        Ending.all(() -> Ending.all(own.stream().map(program -> program::close)), () -> {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        });
    }
}
