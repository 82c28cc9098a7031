// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import io.github.depthc.frontend.arch.Tensors;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.DropFirst;
import io.github.depthc.ir.op.ImageAttention;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.PatchEmbed;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.op.Weight;
import java.util.List;

/**
 * CLIP's vision tower up to the feature layer and LLaVA's projector, as {@code modeling_clip.py} and {@code modeling_llava.py} of
 * transformers 4.57 compute them: {@code pixel_values f32[pieces, 3, s, s]} to {@code image_features f32[image_tokens, d]}, the pieces'
 * tokens row by row, piece after piece, without the class tokens.
 */
final class ClipTower {
    private static final String INPUT = ImageParts.PIXELS;
    private static final String MODEL = "vision_model.";
    /** {@code QuickGELU}: x · sigmoid(1.702 x). */
    private static final double QUICK = 1.702;

    private final LlavaSettings settings;
    private final VisionShape shape;
    private final Tensors tower;
    private final RegionBuilder b = new RegionBuilder();

    private ClipTower(LlavaSettings settings, Tensors tower) {
        this.settings = settings;
        this.shape = settings.tower();
        this.tower = tower;
    }

    /**
     * The graph.
     *
     * @param tower     tensors of the tower, named {@code vision_model.*}
     * @param projector tensors of the projector
     * @param layers    their names in order, without {@code .weight}
     * @param hidden    width of the decoder
     */
    static Region build(LlavaSettings settings, Tensors tower, Tensors projector, List<String> layers, int hidden) {
        var t = new ClipTower(settings, tower);
        Value x = t.encode();
        t.b.at(Location.of("projector"));
        for (int i = 0; i < layers.size(); i++) {
            Value in = i == 0 ? x : t.b.add("gelu", new Unary.Gelu(false), x);
            x = t.linear(projector, layers.get(i), i == layers.size() - 1 ? ImageParts.FEATURES : "projected", in, hidden);
        }
        // Behind the feature layer nothing is used; CLIP's other half and its heads are for its own training.
        tower.unused(name -> name.startsWith(MODEL + "post_layernorm.") || name.equals(MODEL + "embeddings.position_ids") || beyond(name, settings.towerLayers())
                || name.startsWith("text_model.") || name.equals("logit_scale") || name.startsWith("visual_projection.") || name.startsWith("text_projection."));
        tower.finishPart("a CLIP vision tower");
        projector.finishPart("a projector of " + layers.size() + " layers");
        return t.b.build(List.of(x));
    }

    private static boolean beyond(String name, int layers) {
        String prefix = MODEL + "encoder.layers.";
        if (!name.startsWith(prefix)) {
            return false;
        }
        String index = name.substring(prefix.length(), Math.max(prefix.length(), name.indexOf('.', prefix.length())));
        return index.matches("[0-9]{1,6}") && Integer.parseInt(index) >= layers;
    }

    private Value encode() {
        int size = shape.imageSize();
        Value pixels = b.param(INPUT, TensorType.of(DType.F32, Dim.of("pieces"), Dim.of(3), Dim.of(size), Dim.of(size)));
        b.at(Location.of("patches"));
        int d = shape.hidden();
        Value x = b.add("x", new PatchEmbed("tower_tokens"), pixels, weight(tower, MODEL + "embeddings.patch_embedding.weight", d, 3, shape.patchSize(), shape.patchSize()),
                weight(tower, MODEL + "embeddings.class_embedding", d), weight(tower, MODEL + "embeddings.position_embedding.weight", 1L + shape.positions(), d));
        x = norm("pre_layrnorm", x); // as the tensors spell it
        for (int i = 0; i < settings.towerLayers(); i++) {
            b.at(Location.of("tower layer " + i));
            x = layer("encoder.layers." + i + ".", x);
        }
        return b.add("features", new DropFirst(1 + shape.positions(), "image_tokens"), x);
    }

    private Value layer(String prefix, Value x) {
        int d = shape.hidden();
        Value h = norm(prefix + "layer_norm1", x);
        Value attended = b.add("attended", new ImageAttention(shape.heads(), 1 + shape.positions()), linear(prefix + "self_attn.q_proj", h, d),
                linear(prefix + "self_attn.k_proj", h, d), linear(prefix + "self_attn.v_proj", h, d));
        Value r = b.add("r", new Binary.Residual(Binary.Branch.ATTENTION), x, linear(prefix + "self_attn.out_proj", attended, d));
        Value up = linear(prefix + "mlp.fc1", norm(prefix + "layer_norm2", r), shape.intermediate());
        Value down = linear(prefix + "mlp.fc2", activated(up), d);
        return b.add("y", new Binary.Residual(Binary.Branch.MLP), r, down);
    }

    private Value activated(Value x) {
        return switch (shape.activation()) {
            case GELU -> b.add("gelu", new Unary.Gelu(false), x);
            case QUICK_GELU -> b.add("quick_gelu", new Binary.Mul(), x, b.add("sigmoid", new Unary.Sigmoid(), b.add("scaled", new Unary.Scale(QUICK), x)));
        };
    }

    private Value norm(String name, Value x) {
        return b.add("norm", new LayerNorm(shape.epsilon()), x, weight(tower, MODEL + name + ".weight", shape.hidden()),
                weight(tower, MODEL + name + ".bias", shape.hidden()));
    }

    private Value linear(String name, Value x, long out) {
        return linear(tower, MODEL + name, name.substring(name.lastIndexOf('.') + 1), x, out);
    }

    private Value linear(Tensors from, String name, String result, Value x, long out) {
        return b.add(result, new Linear(), x, weight(from, name + ".weight", out, x.tensor().lastSize()), weight(from, name + ".bias", out));
    }

    private Value weight(Tensors from, String name, long... size) {
        return b.add("w", new Weight(from.weight(name, size)));
    }
}
