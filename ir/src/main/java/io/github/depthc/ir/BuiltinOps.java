// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModCombineScore;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModLayer;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.DropFirst;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.EmbeddingNBits;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.ImageAttention;
import io.github.depthc.ir.op.Layer;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.LinearNBits;
import io.github.depthc.ir.op.PatchEmbed;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.Segment;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import java.util.List;

/** The op kinds that come with the IR. */
public final class BuiltinOps {
    /** All of them. */
    public static final OpSet SET = OpSet.of(List.of(
            new OpDef("weight", Weight.class, "a weight as a value"),
            new OpDef("constant", Constant.class, "an F32 scalar"),
            new OpDef("embedding", Embedding.class, "rows of a table by token id"),
            new OpDef("linear", Linear.class, "x · wᵀ + b"),
            new OpDef("linear_nbits", LinearNBits.class, "x · wᵀ + b with w in 4 or 8 bits"),
            new OpDef("embedding_nbits", EmbeddingNBits.class, "rows of a table in 4 or 8 bits by token id"),
            new OpDef("rms_norm", RmsNorm.class, "root mean square normalisation"),
            new OpDef("layer_norm", LayerNorm.class, "layer normalisation"),
            new OpDef("add_rms_norm", AddRmsNorm.class, "residual addition and the norm after it"),
            new OpDef("rotary_table", RotaryTable.class, "cosines and sines of positions"),
            new OpDef("rotary", Rotary.class, "rotary position embedding"),
            new OpDef("attention", Attention.class, "attention within rows, over new tokens and cache"),
            new OpDef("attention_probs", AttentionProbs.class, "attention probabilities of a one-row prompt"),
            new OpDef("attention_received", AttentionReceived.class, "attention each token gets from the last ones"),
            new OpDef("cache_positions", CachePositions.class, "positions by a layer's own cache length"),
            new OpDef("silu", Unary.Silu.class, "x · sigmoid(x)"),
            new OpDef("gelu", Unary.Gelu.class, "Gaussian error linear unit"),
            new OpDef("sigmoid", Unary.Sigmoid.class, "logistic function"),
            new OpDef("tanh", Unary.Tanh.class, "hyperbolic tangent"),
            new OpDef("scale", Unary.Scale.class, "x · factor"),
            new OpDef("softcap", Unary.Softcap.class, "cap · tanh(x / cap)"),
            new OpDef("softmax", Unary.Softmax.class, "softmax over the last dimension"),
            new OpDef("add", Binary.Add.class, "a + b"),
            new OpDef("sub", Binary.Sub.class, "a − b"),
            new OpDef("mul", Binary.Mul.class, "a · b"),
            new OpDef("residual", Binary.Residual.class, "residual stream + branch"),
            new OpDef("slice_last", SliceLast.class, "a range of the last dimension"),
            new OpDef("gather_rows", GatherRows.class, "rows by index"),
            new OpDef("patch_embed", PatchEmbed.class, "tokens of images: squares, class token and positions"),
            new OpDef("image_attention", ImageAttention.class, "attention within images of one length"),
            new OpDef("drop_first", DropFirst.class, "all tokens of each image but the first"),
            new OpDef("layer", Layer.class, "a dense decoder layer"),
            new OpDef("mod", ModLayer.class, "a Mixture-of-Depths decoder layer"),
            new OpDef("mod.score", ModScore.class, "router score of each token"),
            new OpDef("mod.gate", ModGate.class, "gate of each token"),
            new OpDef("mod.select", ModSelect.class, "indices of the kept tokens"),
            new OpDef("mod.gather", ModGather.class, "the kept tokens"),
            new OpDef("mod.overlap", ModOverlap.class, "which of the kept tokens are wanted"),
            new OpDef("mod.combine", ModCombine.class, "kept tokens put back among the skipped"),
            new OpDef("mod.combine_score", ModCombineScore.class, "kept tokens put back, and all of them scored for the next layer"),
            new OpDef("segment", Segment.class, "a stretch of the graph computed as one")));

    private BuiltinOps() {
    }
}
