// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.draw;

import io.github.depthc.cli.report.Markup;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.mod.ModGate;
import io.github.depthc.ir.mod.ModScore;
import io.github.depthc.ir.mod.ModSelect;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.ir.op.AddRmsNorm;
import io.github.depthc.ir.op.Attention;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.LayerNorm;
import io.github.depthc.ir.op.RmsNorm;
import io.github.depthc.ir.op.Rotary;
import io.github.depthc.ir.op.RotarySpec;
import io.github.depthc.ir.op.RotaryTable;
import io.github.depthc.ir.op.SliceLast;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.text.Printer;
import io.github.depthc.ir.text.RecordCodec;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What an op's box says. */
final class OpText {
    private static final int COLUMNS = 40;
    private static final int MOST_NAMES = 4;
    private static final Pattern NUMBERED_LAYER = Pattern.compile("^(.*\\.)?layers\\.\\d+\\.");

    private OpText() {
    }

    /** True for a node that stands as a line in the boxes of its users. */
    static boolean isLine(Node node) {
        return node.kind() instanceof Weight || node.kind() instanceof Constant;
    }

    /**
     * Lines about a node's weights, attributes and the values that come without a line.
     *
     * @param named those values
     */
    static List<String> details(Node node, List<Value> named) {
        var lines = new ArrayList<>(weights(node));
        String attributes = attributes(node.kind());
        if (!attributes.isEmpty()) {
            lines.add(Markup.fit(attributes, COLUMNS));
        }
        if (!named.isEmpty()) {
            List<String> names = named.stream().map(Value::name).distinct().toList();
            lines.add(Markup.fit("with " + String.join(", ", names.subList(0, Math.min(MOST_NAMES, names.size())))
                    + (names.size() > MOST_NAMES ? ", …" : ""), COLUMNS));
        }
        return lines;
    }

    /** A line for each weight and constant that a node takes. */
    static List<String> weights(Node node) {
        return node.operands().stream().filter(v -> v instanceof Result r && isLine(r.node()))
                .map(v -> Markup.fit(line(((Result) v).node()), COLUMNS)).toList();
    }

    /** A type in few letters, {@code tokens×64}. */
    static String shape(Type type) {
        if (!(type instanceof TensorType t)) {
            return type.toString();
        }
        return t.rank() == 0 ? "scalar" : t.shape().stream().map(Object::toString).collect(Collectors.joining("×"));
    }

    /** The node as text, its regions left out. */
    static String tooltip(Node node) {
        return Printer.print(node);
    }

    /** {@code %x: f32[tokens, 64]}. */
    static String value(Value value) {
        return "%" + value.name() + ": " + value.type();
    }

    private static String line(Node node) {
        return switch (node.kind()) {
            case Weight(WeightExpr w) -> weight(w) + " " + shape(w.type()) + " " + w.type().dtype().text();
            case Constant(double value) -> number(value);
            default -> throw new IllegalArgumentException(node.kind().mnemonic());
        };
    }

    private static String weight(WeightExpr weight) {
        return switch (weight) {
            case WeightExpr.Stored s -> shortName(s.name());
            case WeightExpr.Inline i -> i.values().size() == 1 ? number(i.values().getFirst()) : "given by value";
            case WeightExpr.Slice s -> weight(s.of()) + "[" + s.begin() + ":" + s.end() + "]";
            case WeightExpr.Concat c -> c.parts().stream().map(OpText::weight).collect(Collectors.joining(" + "));
            case WeightExpr.Transpose t -> weight(t.of()) + " transposed";
            case WeightExpr.Reshape r -> weight(r.of());
            case WeightExpr.Cast c -> weight(c.of());
            case WeightExpr.Quantized q -> weight(q.of()) + " int" + q.bits() + (q.part() == WeightExpr.Quantized.Part.SCALES ? " scales" : "");
        };
    }

    private static String shortName(String name) {
        String inLayer = NUMBERED_LAYER.matcher(name).replaceFirst("");
        String plain = inLayer.endsWith(".weight") ? inLayer.substring(0, inLayer.length() - ".weight".length()) : inLayer;
        int dot = plain.lastIndexOf('.', plain.endsWith(".bias") ? plain.length() - ".bias".length() - 1 : plain.length());
        return plain.substring(dot + 1);
    }

    private static String attributes(OpKind kind) {
        return switch (kind) {
            case Attention a -> a.heads() + (a.heads() == 1 ? " head" : " heads") + " of " + a.headDim() + ", " + a.kvHeads() + " KV"
                    + (a.window() > 0 ? ", window " + a.window() : "") + (a.softcap() > 0 ? ", softcap " + number(a.softcap()) : "") + (a.causal() ? "" : ", not causal");
            case Rotary r -> r.heads() + (r.heads() == 1 ? " head" : " heads");
            case RotaryTable t -> "theta " + number(t.rotary().theta()) + (t.rotary().scaling() instanceof RotarySpec.Scaling.None ? "" : ", scaled");
            case Binary.Residual r -> r.branch().name().toLowerCase(Locale.ROOT) + " branch";
            case ModSelect s -> LayerText.selection(s.selection()) + (s.selection() instanceof Routing.Selection.Threshold ? "" : String.format(Locale.ROOT, ", ratio %.4f", s.selection().ratio()));
            case ModScore s -> LayerText.score(s.score());
            case ModGate g -> LayerText.gate(g.gate());
            case SliceLast s -> "[" + s.begin() + ":" + s.end() + "]";
            case RmsNorm n -> (n.unitOffset() ? "1 + w" : "") + (n.unitOffset() && n.groups() > 1 ? ", " : "") + (n.groups() > 1 ? n.groups() + " groups" : "");
            case LayerNorm n -> "";
            case AddRmsNorm n -> n.unitOffset() ? "1 + w" : "";
            case Record r when r.getClass().getRecordComponents().length > 0 -> {
                String fields = RecordCodec.print(r);
                yield fields.substring(1, fields.length() - 1);
            }
            default -> "";
        };
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? Long.toString((long) value) : Double.toString(value);
    }
}
