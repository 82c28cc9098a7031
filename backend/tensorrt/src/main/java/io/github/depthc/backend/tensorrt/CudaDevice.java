// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.kernels.GateArguments;
import io.github.depthc.backend.kernels.Kernel;
import io.github.depthc.backend.kernels.Size;
import io.github.depthc.backend.kernels.Sizes;
import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.DeviceMemory;
import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.plan.Ending;
import io.github.depthc.backend.plan.LayerCaches;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.RandomKey;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** A plan's device on an NVIDIA GPU: engines for segments and a prompt's attention, our kernels for everything else, all on one stream. */
final class CudaDevice implements Device {
    /** What stands before the scratch of scores by attention: the offsets of its one row. */
    private static final long OFFSETS_BYTES = 256;
    private static final long NULL = 0;

    private final Cuda cuda;
    private final KernelLauncher kernels;
    private final SegmentEngines engines;
    private final DeviceWeights weights;
    private final Staging staging;
    private final DType rowType;
    private final Map<FloatBuffer, DeviceTensor> frequencies = new HashMap<>();
    private DeviceMemory attendScratch;
    private DeviceMemory receivedScratch;

    /** Takes over what it is given and closes it. */
    CudaDevice(Cuda cuda, KernelLauncher kernels, SegmentEngines engines, WeightStore store, DType rowType) {
        this.cuda = cuda;
        this.kernels = kernels;
        this.engines = engines;
        this.rowType = rowType;
        this.staging = new Staging(cuda);
        this.weights = new DeviceWeights(cuda, staging, store);
    }

    @Override
    public String name() {
        return cuda.gpu().name();
    }

    @Override
    public DType rowType() {
        return rowType;
    }

    @Override
    public EngineLimits limits() {
        return engines.limits();
    }

    @Override
    public OptionalLong freeBytes() {
        cuda.enter();
        return OptionalLong.of(cuda.freeBytes());
    }

    @Override
    public DeviceMemory allocate(long bytes) {
        cuda.enter();
        return cuda.allocate(bytes);
    }

    @Override
    public DeviceTensor weight(WeightExpr weight, DType as) {
        cuda.enter();
        return weights.get(weight, as);
    }

    @Override
    public void upload(MemorySegment from, DeviceTensor to) {
        cuda.enter();
        staging.upload(from.asSlice(0, to.bytes()), to.address());
    }

    @Override
    public void download(DeviceTensor from, MemorySegment to) {
        cuda.enter();
        staging.download(from.address(), to.asSlice(0, from.bytes()));
    }

    @Override
    public void copy(long from, long to, long bytes) {
        cuda.enter();
        if (bytes > 0) {
            cuda.copy(from, to, bytes);
        }
    }

    @Override
    public void fill(DeviceTensor f32, float value) {
        cuda.enter();
        if (f32.rows() > 0) {
            cuda.fill(f32.address(), Float.floatToRawIntBits(value), f32.rows() * f32.width());
        }
    }

    @Override
    public void narrow(DeviceTensor f32, DeviceTensor rows) {
        begin(Kernel.NARROW).pointer(f32.address()).wide(f32.rows() * f32.width()).pointer(rows.address()).launch(Sizes.of(Size.ELEMENTS, f32.rows() * f32.width()));
    }

    /** Work is run once for its results and for what is made on first use, then again into the recording, where nothing is computed. */
    @Override
    public Runnable record(Runnable work) {
        work.run();
        cuda.enter();
        Runnable graph = cuda.capture(work);
        return () -> {
            cuda.enter();
            graph.run();
        };
    }

    @Override
    public void segment(int index, List<DeviceTensor> inputs, List<DeviceTensor> outputs) {
        cuda.enter();
        engines.segment(index, inputs, outputs);
    }

    @Override
    public void rotaryTable(DeviceTensor positions, float[] inverse, float[] longInverse, long longFrom, float factor, DeviceTensor cos, DeviceTensor sin) {
        DeviceTensor table = frequencies(inverse);
        DeviceTensor longTable = frequencies(longInverse);
        begin(Kernel.ROTARY_TABLE).pointer(positions.address()).integer(positions.rows()).pointer(table.address()).pointer(longTable.address())
                .wide(longFrom).integer(inverse.length).real(factor).pointer(cos.address()).pointer(sin.address()).launch(Sizes.of(Size.ELEMENTS, (long) positions.rows() * inverse.length));
    }

    private DeviceTensor frequencies(float[] inverse) {
        DeviceTensor known = frequencies.get(FloatBuffer.wrap(inverse));
        if (known != null) {
            return known;
        }
        cuda.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_FLOAT, inverse);
            var made = new DeviceTensor(cuda.allocate(host.byteSize()).address(), DType.F32, inverse.length, 1);
            staging.upload(host, made.address());
            staging.synchronize();
            frequencies.put(FloatBuffer.wrap(inverse.clone()), made);
            return made;
        }
    }

    @Override
    public void attention(Attention kind, DeviceTensor q, DeviceTensor k, DeviceTensor v, DeviceTensor queryIndex, DeviceTensor keyIndex, DeviceTensor out) {
        cuda.enter();
        engines.attention(kind, queryIndex == null ? List.of(q, k, v) : List.of(q, k, v, queryIndex, keyIndex), out);
    }

    @Override
    public void append(LayerCaches caches, DeviceTensor k, DeviceTensor v, DeviceTensor sequenceIndex, DeviceTensor keep) {
        begin(Kernel.APPEND).pointer(k.address()).pointer(v.address()).integer(k.rows()).integer(Math.toIntExact(k.width()))
                .pointer(caches.keys().address()).pointer(caches.values().address()).pointer(address(caches.indices()))
                .pointer(sequenceIndex.address()).pointer(caches.lengths().address()).pointer(address(keep))
                .launch(Sizes.of(Size.ROWS, k.rows()));
    }

    @Override
    public void attend(Attention kind, LayerCaches caches, DeviceTensor q, DeviceTensor sequenceIndex, DeviceTensor out) {
        Sizes whole = Sizes.of(Size.ROWS, q.rows()).with(Size.HEADS, kind.heads()).with(Size.KV_HEADS, kind.kvHeads())
                .with(Size.HEAD_DIM, kind.headDim());
        int splits = Kernel.attendSplits(whole, cuda.gpu().processors());
        Sizes sizes = whole.with(Size.SPLITS, splits);
        long partial = attendScratch(Kernel.attendScratch(sizes));
        begin(Kernel.ATTEND).pointer(q.address()).integer(q.rows()).integer(kind.heads()).integer(kind.kvHeads()).integer(kind.headDim())
                .real(kind.scale()).real(kind.softcap()).integer(kind.window()).pointer(caches.keys().address()).pointer(caches.values().address())
                .pointer(address(caches.indices())).pointer(sequenceIndex.address()).pointer(caches.lengths().address()).integer(splits).pointer(partial)
                .launch(sizes);
        begin(Kernel.ATTEND_MERGE).pointer(partial).integer(q.rows()).integer(kind.heads()).integer(kind.headDim()).integer(splits).pointer(out.address())
                .launch(sizes);
    }

    @Override
    public void attentionReceived(AttentionReceived kind, DeviceTensor q, DeviceTensor k, DeviceTensor score) {
        int n = q.rows();
        Sizes sizes = Sizes.of(Size.ROWS, 1).with(Size.TOKENS, n).with(Size.HEADS, kind.heads()).with(Size.KV_HEADS, kind.kvHeads())
                .with(Size.HEAD_DIM, kind.headDim()).with(Size.OBSERVERS, kind.observers());
        long offsets = receivedScratch(OFFSETS_BYTES + Kernel.receivedScratch(sizes));
        long scores = offsets + OFFSETS_BYTES;
        cuda.fill(offsets, 0, 1);
        cuda.fill(offsets + Integer.BYTES, n, 1);
        begin(Kernel.RECEIVED_SCORES).pointer(q.address()).pointer(k.address()).integer(n).pointer(offsets).integer(1).integer(kind.heads())
                .integer(kind.kvHeads()).integer(kind.headDim()).real(kind.scale()).real(kind.softcap()).integer(kind.observers())
                .integer(kind.causal() ? 1 : 0).pointer(scores).launch(sizes);
        begin(Kernel.RECEIVED_SOFTMAX).pointer(scores).integer(n).pointer(offsets).integer(1).integer(kind.observers()).launch(sizes);
        begin(Kernel.RECEIVED_SUM).pointer(scores).integer(n).pointer(offsets).integer(1).integer(kind.heads()).integer(kind.observers())
                .pointer(score.address()).launch(sizes);
    }

    @Override
    public void score(ModScore kind, DeviceTensor x, List<DeviceTensor> weights, DeviceTensor score) {
        boolean shared = kind.score() instanceof Routing.Score.SharedLinear;
        begin(shared ? Kernel.SCORE_SOFTMAX2 : Kernel.SCORE_LINEAR).pointer(x.address()).integer(x.rows()).integer(Math.toIntExact(x.width()))
                .pointer(weights.getFirst().address());
        if (!shared) {
            kernels.pointer(bias(weights));
        }
        kernels.pointer(score.address()).launch(tokens(x));
    }

    @Override
    public void gate(Routing.Gate kind, Rows rows, DeviceTensor score, DeviceTensor candidates, DeviceTensor gate) {
        GateArguments a = GateArguments.of(kind);
        begin(Kernel.GATE).integer(a.kind()).real(a.alpha()).real(a.beta()).pointer(score.address()).pointer(candidates.address()).pointer(rows.offsets().address()).integer(rows.count()).pointer(gate.address())
                .launch(sizes(rows));
    }

    @Override
    public void select(Routing.Selection rule, int layer, Rows rows, DeviceTensor candidates, DeviceTensor key, DeviceTensor mask, DeviceTensor rowKept) {
        begin(switch (rule) {
            case Routing.Selection.TopK t -> Kernel.SELECT_TOP_K;
            case Routing.Selection.RecentTopK t -> Kernel.SELECT_TOP_K;
            case Routing.Selection.Threshold t -> Kernel.SELECT_THRESHOLD;
            case Routing.Selection.EvenlySpaced e -> Kernel.SELECT_EVENLY;
            case Routing.Selection.MostRecent m -> Kernel.SELECT_MOST_RECENT;
            case Routing.Selection.Random r -> Kernel.SELECT_RANDOM;
        }).pointer(rows.offsets().address()).integer(rows.count()).pointer(candidates.address());
        switch (rule) {
            case Routing.Selection.TopK(double ratio) -> kernels.pointer(key.address()).real(ratio).integer(0);
            case Routing.Selection.RecentTopK(double ratio, int recent) -> kernels.pointer(key.address()).real(ratio).integer(recent);
            case Routing.Selection.Threshold(double prompt, double single) -> kernels.pointer(key.address()).real(prompt).real(single);
            case Routing.Selection.EvenlySpaced(double ratio) -> kernels.real(ratio);
            case Routing.Selection.MostRecent(double ratio) -> kernels.real(ratio);
            case Routing.Selection.Random(double ratio, int seed) -> {
                kernels.pointer(rows.sequenceIndex().address());
                for (long coefficient : RandomKey.coefficients(seed, layer)) {
                    kernels.wide(coefficient);
                }
                kernels.real(ratio);
            }
        }
        kernels.pointer(mask.address()).pointer(rowKept.address()).launch(sizes(rows));
    }

    @Override
    public void compact(Rows rows, DeviceTensor mask, DeviceTensor rowKept, DeviceTensor indices, DeviceTensor keptOffsets, DeviceTensor inverse) {
        begin(Kernel.COMPACT).pointer(rows.offsets().address()).integer(rows.count()).pointer(mask.address()).pointer(rowKept.address())
                .pointer(indices.address()).pointer(keptOffsets.address()).pointer(inverse.address()).launch(sizes(rows));
    }

    @Override
    public void keepInPlace(DeviceTensor mask, DeviceTensor inverse) {
        begin(Kernel.KEEP_IN_PLACE).pointer(mask.address()).integer(mask.rows()).pointer(inverse.address()).launch(Sizes.of(Size.ELEMENTS, mask.rows()));
    }

    @Override
    public void gatherNBits(EmbeddingNBits kind, DeviceTensor codes, DeviceTensor scales, DeviceTensor indices, DeviceTensor out) {
        begin(Kernel.GATHER_NBITS).pointer(codes.address()).pointer(scales.address()).pointer(indices.address()).integer(indices.rows()).integer(Math.toIntExact(out.width()))
                .integer(kind.bits()).integer(kind.block()).pointer(out.address())
                .launch(Sizes.of(Size.KEPT, indices.rows()).with(Size.ROW_BYTES, codes.rowBytes() + scales.rowBytes()).with(Size.WIDTH, out.width()));
    }

    @Override
    public void gather(DeviceTensor x, DeviceTensor indices, DeviceTensor out) {
        begin(Kernel.GATHER).pointer(x.address()).pointer(indices.address()).integer(indices.rows()).integer(Math.toIntExact(x.rowBytes()))
                .pointer(out.address()).launch(Sizes.of(Size.KEPT, indices.rows()).with(Size.ROW_BYTES, x.rowBytes()));
    }

    @Override
    public void combine(DeviceTensor x, DeviceTensor inverse, DeviceTensor kept, DeviceTensor skipGate, DeviceTensor out) {
        combining(Kernel.COMBINE, x, inverse, kept, skipGate, out).launch(tokens(x));
    }

    @Override
    public void combineScore(DeviceTensor x, DeviceTensor inverse, DeviceTensor kept, DeviceTensor skipGate, DeviceTensor out, List<DeviceTensor> weights,
            DeviceTensor score) {
        combining(Kernel.COMBINE_SCORE, x, inverse, kept, skipGate, out).pointer(weights.getFirst().address()).pointer(bias(weights)).pointer(score.address())
                .launch(tokens(x));
    }

    private KernelLauncher combining(Kernel kernel, DeviceTensor x, DeviceTensor inverse, DeviceTensor kept, DeviceTensor skipGate, DeviceTensor out) {
        return begin(kernel).pointer(x.address()).integer(x.rows()).integer(Math.toIntExact(x.width())).pointer(inverse.address()).pointer(kept.address())
                .pointer(address(skipGate)).pointer(out.address());
    }

    private KernelLauncher begin(Kernel kernel) {
        cuda.enter();
        return kernels.of(kernel);
    }

    private static long address(DeviceTensor optional) {
        return optional == null ? NULL : optional.address();
    }

    private static long bias(List<DeviceTensor> weights) {
        return weights.size() > 1 ? weights.get(1).address() : NULL;
    }

    private static Sizes tokens(DeviceTensor x) {
        return Sizes.of(Size.TOKENS, x.rows()).with(Size.WIDTH, x.width());
    }

    private static Sizes sizes(Rows rows) {
        return Sizes.of(Size.ROWS, rows.count()).with(Size.TOKENS, rows.tokens());
    }

    /** One that became too small is kept: recorded steps have its address. */
    private long attendScratch(long bytes) {
        if (attendScratch == null || attendScratch.bytes() < bytes) {
            attendScratch = allocate(bytes);
        }
        return attendScratch.address();
    }

    private long receivedScratch(long bytes) {
        if (receivedScratch == null || receivedScratch.bytes() < bytes) {
            if (receivedScratch != null) {
                receivedScratch.close();
            }
            receivedScratch = allocate(bytes);
        }
        return receivedScratch.address();
    }

    @Override
    public void close() {
        Ending.all(cuda::enter, cuda::synchronize, engines::close, kernels::close, cuda::close);
    }
}
