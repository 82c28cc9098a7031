// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.Location;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Weights: {@code @checkpoint:"a.weight" : f32[2, 3]}, {@code dense(f32[2], [1.0, 2.0])}, and views such as
 * {@code slice(…, axis=0, begin=0, end=1)}, whose first operand stands without a name.
 */
final class WeightText {
    private static final List<String> VIEWS = List.of("slice", "concat", "transpose", "reshape", "cast", "quantized", "dense");
    private static final Set<String> OF = Set.of("of");

    private WeightText() {
    }

    static void print(StringBuilder out, WeightExpr weight) {
        switch (weight) {
            case WeightExpr.Stored s -> out.append('@').append(Cursor.isIdentifier(s.source()) ? s.source() : Strings.quote(s.source()))
                    .append(':').append(Strings.quote(s.name())).append(" : ").append(TypeText.print(s.type()));
            case WeightExpr.Inline i -> {
                out.append("dense(").append(TypeText.print(i.type())).append(", ");
                RecordCodec.printValue(out, "values", i.values());
                out.append(')');
            }
            case WeightExpr.Concat c -> {
                out.append("concat(");
                for (WeightExpr part : c.parts()) {
                    print(out, part);
                    out.append(", ");
                }
                out.append("axis=").append(c.axis()).append(')');
            }
            case WeightExpr.Slice v -> printView(out, v, v.of());
            case WeightExpr.Transpose v -> printView(out, v, v.of());
            case WeightExpr.Reshape v -> printView(out, v, v.of());
            case WeightExpr.Cast v -> printView(out, v, v.of());
            case WeightExpr.Quantized v -> printView(out, v, v.of());
        }
    }

    static WeightExpr read(Cursor cursor) {
        return cursor.nested(() -> {
            Location at = cursor.here();
            if (cursor.take('@')) {
                return readStored(cursor, at);
            }
            String view = cursor.identifier("a weight: @source:\"name\" : type, or one of " + VIEWS);
            cursor.expect('(');
            return switch (view) {
                case "dense" -> readDense(cursor, at);
                case "concat" -> readConcat(cursor, at);
                case "slice" -> readView(cursor, WeightExpr.Slice.class);
                case "transpose" -> readView(cursor, WeightExpr.Transpose.class);
                case "reshape" -> readView(cursor, WeightExpr.Reshape.class);
                case "cast" -> readView(cursor, WeightExpr.Cast.class);
                case "quantized" -> readView(cursor, WeightExpr.Quantized.class);
                default -> throw cursor.error(at, "found '" + Cursor.clip(view) + "', expected one of " + VIEWS + Nearest.hint(view, VIEWS));
            };
        });
    }

    private static <R extends Record & WeightExpr> void printView(StringBuilder out, R view, WeightExpr of) {
        out.append(RecordCodec.snake(view.getClass().getSimpleName())).append('(');
        print(out, of);
        out.append(", ");
        RecordCodec.printFields(out, view, OF);
        out.append(')');
    }

    private static WeightExpr readStored(Cursor cursor, Location at) {
        String source = cursor.at('"') ? cursor.string() : cursor.identifier("the name of a weight source");
        cursor.expect(':');
        String name = cursor.string();
        cursor.expect(':');
        TensorType type = TypeText.readTensor(cursor);
        return cursor.make(at, () -> new WeightExpr.Stored(source, name, type));
    }

    private static WeightExpr readDense(Cursor cursor, Location at) {
        TensorType type = TypeText.readTensor(cursor);
        cursor.expect(',');
        var values = new ArrayList<Double>();
        cursor.expect('[');
        if (!cursor.at(']')) {
            do {
                values.add(cursor.number());
            } while (cursor.take(','));
        }
        cursor.expect(']');
        cursor.expect(')');
        return cursor.make(at, () -> new WeightExpr.Inline(type, values));
    }

    private static WeightExpr readConcat(Cursor cursor, Location at) {
        var parts = new ArrayList<WeightExpr>();
        while (!cursor.take("axis")) {
            parts.add(read(cursor));
            cursor.expect(',');
        }
        cursor.expect('=');
        int axis = (int) cursor.integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
        cursor.expect(')');
        return cursor.make(at, () -> new WeightExpr.Concat(parts, axis));
    }

    private static <R extends Record & WeightExpr> WeightExpr readView(Cursor cursor, Class<R> view) {
        WeightExpr of = read(cursor);
        cursor.expect(',');
        return RecordCodec.readFields(cursor, view, ')', Map.of("of", of), null);
    }
}
