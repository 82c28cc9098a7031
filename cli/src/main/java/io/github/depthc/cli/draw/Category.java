// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.mod.ModCombine;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModGather;
import io.github.depthc.ir.mod.ModOverlap;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.AttentionProbs;
import io.github.depthc.ir.op.AttentionReceived;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.CachePositions;
import io.github.depthc.ir.op.DropFirst;
import io.github.depthc.ir.op.Embedding;
import io.github.depthc.ir.op.GatherRows;
import io.github.depthc.ir.op.ImageAttention;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.Linear;
import io.github.depthc.ir.op.PatchEmbed;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Unary;
import java.util.Locale;

/** What an op is for, which its colour shows. */
enum Category {
    LINEAR("linear", "#ddf0ff", "#54aeff", "#0c2d4f", "#2f6db5"),
    ATTENTION("attention", "#f1e6ff", "#b083f0", "#2d1f4d", "#8256d0"),
    NORM("norm", "#dcf7e3", "#5fbf7a", "#10311c", "#2f7d45"),
    POSITION("positions", "#d8f5f5", "#4bb5b8", "#0e3233", "#26797c"),
    ELEMENT("elementwise", "#f0f2f4", "#aab3bd", "#22272e", "#545d68"),
    RESIDUAL("residual", "#fff3cf", "#d9b344", "#3a2d08", "#8a6a12"),
    ROUTING("routing", "#ffe8d6", "#f0944d", "#43230b", "#b5601f"),
    ROWS("rows and columns", "#ffe6f1", "#ec84b4", "#421c2e", "#a8487a"),
    OTHER("other ops", "#ffffff", "#57606a", "#0d1117", "#9198a1");

    private final String label;
    private final String fill;
    private final String stroke;
    private final String darkFill;
    private final String darkStroke;

    Category(String label, String fill, String stroke, String darkFill, String darkStroke) {
        this.label = label;
        this.fill = fill;
        this.stroke = stroke;
        this.darkFill = darkFill;
        this.darkStroke = darkStroke;
    }

    static Category of(OpKind kind) {
        return switch (kind) {
            case Linear k -> LINEAR;
            case Attention k -> ATTENTION;
            case AttentionProbs k -> ATTENTION;
            case AttentionReceived k -> ATTENTION;
            case ImageAttention k -> ATTENTION;
            case PatchEmbed k -> LINEAR;
            case RmsNorm k -> NORM;
            case AddRmsNorm k -> NORM;
            case LayerNorm k -> NORM;
            case Rotary k -> POSITION;
            case RotaryTable k -> POSITION;
            case CachePositions k -> POSITION;
            case Binary.Residual k -> RESIDUAL;
            case Binary k -> ELEMENT;
            case Unary k -> ELEMENT;
            case Embedding k -> ROWS;
            case GatherRows k -> ROWS;
            case SliceLast k -> ROWS;
            case DropFirst k -> ROWS;
            case ModScore k -> ROUTING;
            case ModGate k -> ROUTING;
            case ModSelect k -> ROUTING;
            case ModGather k -> ROUTING;
            case ModOverlap k -> ROUTING;
            case ModCombine k -> ROUTING;
            default -> OTHER;
        };
    }

    /** For the legend. */
    String label() {
        return label;
    }

    /** Name of its class in style sheets. */
    String style() {
        return "k-" + name().toLowerCase(Locale.ROOT);
    }

    String fill() {
        return fill;
    }

    String stroke() {
        return stroke;
    }

    String darkFill() {
        return darkFill;
    }

    String darkStroke() {
        return darkStroke;
    }
}
