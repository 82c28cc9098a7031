// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.RowsType;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;

/** Inside one decoder layer: its region, and the blocks its body is made of. Tensor names are relative to the layer. */
public final class LayerScope {
    private final ModelInfo info;
    private final Tensors tensors;
    private final NormStyle norms;
    private final String prefix;
    private final RegionBuilder region = new RegionBuilder();
    private final Param input;
    private final Param positions;
    private final Param rows;
    private final Param cache;
    private Value newCache;

    private LayerScope(DecoderBuilder decoder, String prefix, int index) {
        this.info = decoder.info();
        this.tensors = decoder.tensors();
        this.norms = decoder.style().norms();
        this.prefix = prefix;
        input = region.param("x", TensorType.of(DType.F32, Dim.TOKENS, Dim.of(info.hidden())));
        positions = region.param("positions", TensorType.of(DType.I64, Dim.TOKENS));
        rows = region.param("rows", new RowsType(Dim.TOKENS));
        cache = region.param("cache", new CacheType(info.kvHeads(), info.headDim(), false));
        region.at(Location.of("layer " + index));
    }

    /** The region of a layer whose tensors have this prefix, such as {@code model.layers.3.}. */
    static Region build(DecoderBuilder decoder, String prefix, int index, LayerBody body) {
        var layer = new LayerScope(decoder, prefix, index);
        Value x = body.build(layer, layer.input);
        if (layer.newCache == null) {
            throw new IllegalStateException("the body of layer " + index + " has no attention");
        }
        return layer.region.build(List.of(x, layer.newCache));
    }

    /** Width of the residual stream. */
    public int hidden() {
        return info.hidden();
    }

    /** Width of the MLP. */
    public int intermediate() {
        return info.intermediate();
    }

    /** Width of all query heads. */
    public int queryWidth() {
        return info.heads() * info.headDim();
    }

    /** Width of all key heads, and of all value heads. */
    public int keyWidth() {
        return info.kvHeads() * info.headDim();
    }

    /** A tensor of this layer, not yet a value. */
    public WeightExpr.Stored tensor(String name, long... shape) {
        return tensors.weight(prefix + name, shape);
    }

    /** Root mean square norm with the weight {@code <name>.weight}. */
    public Value norm(String name, Value x) {
        return region.add(last(name), norms.whole(), x, weight(tensor(name + ".weight", info.hidden())));
    }

    /** Norm of each head by itself, with the one weight {@code <name>.weight}. */
    public Value headNorm(String name, Value x) {
        int heads = Math.toIntExact(x.tensor().lastSize() / info.headDim());
        return region.add(last(name), norms.perHead(heads), x, weight(tensor(name + ".weight", info.headDim())));
    }

    /** {@code x · <name>.weightᵀ}, plus {@code <name>.bias}. */
    public Value linear(String name, Value x, long out, boolean bias) {
        WeightExpr w = tensor(name + ".weight", out, x.tensor().lastSize());
        return bias ? region.add(last(name), new Linear(), x, weight(w), weight(tensor(name + ".bias", out))) : linear(last(name), x, w);
    }

    /** {@code x · wᵀ} with a view of a tensor. */
    public Value linear(String name, Value x, WeightExpr w) {
        return region.add(name, new Linear(), x, weight(w));
    }

    /**
     * Rotates queries and keys, attends within each row and appends keys and values to the cache. q {@code [tokens,
     * queryWidth]}, k and v {@code [tokens, keyWidth]}; result {@code [tokens, queryWidth]}.
     */
    public Value attend(AttentionStyle style, Value q, Value k, Value v) {
        if (newCache != null) {
            throw new IllegalStateException("a layer has one cache, expected one attention");
        }
        Node table = region.node("cos", new RotaryTable(style.rotary()), List.of(positions, rows), List.of(), "sin");
        Value rotatedQ = region.add("q_rot", new Rotary(info.heads()), q, table.result(0), table.result(1));
        Value rotatedK = region.add("k_rot", new Rotary(info.kvHeads()), k, table.result(0), table.result(1));
        var kind = new Attention(info.heads(), info.kvHeads(), info.headDim(), style.scale(), style.softcap(), style.window());
        Node attention = region.node("attn", kind, List.of(rotatedQ, rotatedK, v, rows, rows, cache), List.of(), "cache_out");
        newCache = attention.result(1);
        return attention.result(0);
    }

    /** Gated MLP with separate projections: {@code down(act(gate(x)) · up(x))}, named {@code mlp.gate_proj} and so on. */
    public Value gatedMlp(Unary activation, Value x, boolean bias) {
        Value gate = linear("mlp.gate_proj", x, info.intermediate(), bias);
        Value up = linear("mlp.up_proj", x, info.intermediate(), bias);
        return linear("mlp.down_proj", gated(activation, gate, up), info.hidden(), bias);
    }

    /** {@code act(gate) · up}. */
    public Value gated(Unary activation, Value gate, Value up) {
        return add("gated", new Binary.Mul(), add(activation.mnemonic(), activation, gate), up);
    }

    /** The residual stream and what a branch adds to it. */
    public Value residual(Binary.Branch branch, Value stream, Value added) {
        return add(branch == Binary.Branch.ATTENTION ? "r" : "y", new Binary.Residual(branch), stream, added);
    }

    /** Any other node of one result. */
    public Value add(String name, OpKind kind, Value... operands) {
        return region.add(name, kind, operands);
    }

    private Value weight(WeightExpr expr) {
        return region.add("w", new Weight(expr));
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
