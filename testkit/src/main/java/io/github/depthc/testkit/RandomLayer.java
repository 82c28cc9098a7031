// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.SplittableRandom;

/** The body of one decoder layer, of random weights. */
final class RandomLayer {
    private final SplittableRandom random;
    private final DecoderTraits traits;
    private final ModelInfo info;
    private final RandomWeights weights;
    private final RegionBuilder b = new RegionBuilder();
    private final Param x;
    private final Param positions;
    private final Param rows;
    private final Param cache;

    private RandomLayer(SplittableRandom random, DecoderTraits traits, RandomWeights weights, int index) {
        this.random = random;
        this.traits = traits;
        this.info = traits.info();
        this.weights = weights;
        x = b.param("x", TensorType.of(DType.F32, Dim.TOKENS, Dim.of(info.hidden())));
        positions = b.param("positions", TensorType.of(DType.I64, Dim.TOKENS));
        rows = b.param("rows", new RowsType(Dim.TOKENS));
        cache = b.param("cache", new CacheType(info.kvHeads(), info.headDim(), false));
        b.at(Location.of("layer " + index));
    }

    /** A layer's region. */
    static Region build(SplittableRandom random, DecoderTraits traits, RandomWeights weights, int index) {
        return new RandomLayer(random, traits, weights, index).build();
    }

    private Region build() {
        Node attention = attention(before(x));
        Value o = linear(noise(attention.result(0)), info.hidden());
        Value r = b.add("r", new Binary.Residual(Binary.Branch.ATTENTION), x, after(o));
        Value y = b.add("y", new Binary.Residual(Binary.Branch.MLP), r, after(mlp(before(r))));
        return b.build(List.of(y, attention.result(1)));
    }

    private Value before(Value v) {
        return traits.block().before() ? noise(norm(v)) : v;
    }

    private Value after(Value v) {
        return traits.block().after() ? norm(v) : v;
    }

    private Value noise(Value v) {
        return Noise.maybe(random, b, v);
    }

    private Value norm(Value v) {
        return b.add("normed", new RmsNorm(traits.epsilon(), traits.unitOffset(), 1), v, normWeight(info.hidden()));
    }

    private Value normWeight(int n) {
        return RandomWeights.value(b, weights.vector(n, traits.unitOffset() ? 0 : 1, 0.1));
    }

    private Value linear(Value v, int out) {
        return linear(v, weights.matrix(out, (int) v.tensor().lastSize()));
    }

    private Value linear(Value v, WeightExpr w) {
        Value weight = RandomWeights.value(b, w);
        return traits.bias() ? b.add("h", new Linear(), v, weight, RandomWeights.value(b, weights.vector((int) w.type().fixedShape()[0], 0, 0.1)))
                : b.add("h", new Linear(), v, weight);
    }

    private Node attention(Value in) {
        int qWidth = info.heads() * info.headDim();
        int kvWidth = info.kvHeads() * info.headDim();
        int all = qWidth + 2 * kvWidth;
        Value q;
        Value k;
        Value v;
        switch (traits.projection()) {
            case SEPARATE -> {
                q = linear(in, qWidth);
                k = linear(in, kvWidth);
                v = linear(in, kvWidth);
            }
            case FUSED -> {
                Value qkv = linear(in, all);
                q = b.add("q", new SliceLast(0, qWidth), qkv);
                k = b.add("k", new SliceLast(qWidth, qWidth + kvWidth), qkv);
                v = b.add("v", new SliceLast(qWidth + kvWidth, all), qkv);
            }
            case VIEWS -> {
                WeightExpr w = weights.matrix(all, (int) in.tensor().lastSize());
                q = linear(in, new WeightExpr.Slice(w, 0, 0, qWidth));
                k = linear(in, new WeightExpr.Slice(w, 0, qWidth, qWidth + kvWidth));
                v = linear(in, new WeightExpr.Slice(w, 0, qWidth + kvWidth, all));
            }
            default -> throw new IllegalStateException();
        }
        q = rotated(headNorm(noise(q), info.heads()), info.heads());
        k = rotated(headNorm(k, info.kvHeads()), info.kvHeads());
        int window = traits.window() > 0 && random.nextInt(3) > 0 ? traits.window() : 0;
        var kind = new Attention(info.heads(), info.kvHeads(), info.headDim(), traits.scale(), traits.softcap(), window);
        return b.node("attn", kind, List.of(q, k, noise(v), rows, rows, cache), List.of(), "cache_new");
    }

    private Value headNorm(Value v, int heads) {
        return traits.headNorms() ? b.add("head_normed", new RmsNorm(traits.epsilon(), traits.unitOffset(), heads), v, normWeight(info.headDim())) : v;
    }

    /** Each of queries and keys with a table of its own, as some frontends write it. */
    private Value rotated(Value v, int heads) {
        if (traits.rotary().isEmpty()) {
            return v;
        }
        Node table = b.node("cos", new RotaryTable(traits.rotary().get()), List.of(positions, rows), List.of(), "sin");
        return b.add("rotated", new Rotary(heads), v, table.result(0), table.result(1));
    }

    private Value mlp(Value in) {
        int wide = info.intermediate();
        if (!traits.gatedMlp()) {
            return linear(noise(b.add("act", traits.activation(), linear(in, wide))), info.hidden());
        }
        Value gate;
        Value up;
        if (traits.fusedMlp()) {
            Value both = linear(in, 2 * wide);
            gate = b.add("gate", new SliceLast(0, wide), both);
            up = b.add("up", new SliceLast(wide, 2L * wide), both);
        } else {
            gate = linear(in, wide);
            up = linear(in, wide);
        }
        return linear(b.add("mlp", new Binary.Mul(), noise(b.add("act", traits.activation(), gate)), up), info.hidden());
    }
}
