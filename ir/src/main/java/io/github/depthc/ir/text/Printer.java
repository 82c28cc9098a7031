// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Writes models as text that {@link Parser} reads back; writing that again gives the same text. Values get names that are
 * unique in their region. An attribute that has no text form is an {@link IllegalArgumentException} (see {@link RecordCodec}).
 */
public final class Printer {
    /** First line of a model's text. */
    static final String FORMAT = "depthc.mir";
    static final int VERSION = 1;
    static final Set<String> MODEL_NAME = Set.of("name");

    private static final int WIDTH = 120;

    private final StringBuilder out = new StringBuilder();

    private Printer() {
    }

    /** A model without its weights' bytes. */
    public static String print(Model model) {
        var printer = new Printer();
        printer.model(model);
        printer.region("graph", model.graph(), "");
        return printer.out.toString();
    }

    /** A graph on its own. */
    public static String print(Region graph) {
        var printer = new Printer();
        printer.region("graph", graph, "");
        return printer.out.toString();
    }

    /** A node in one line for messages: its regions as {@code {…}}, attributes that have no text form as {@code {?}}. */
    public static String print(Node node) {
        var printer = new Printer();
        try {
            printer.node(node, Names::sanitized);
        } catch (IllegalArgumentException e) {
            printer.out.setLength(0);
            printer.results(node, Names::sanitized);
            printer.out.append(node.kind().mnemonic()).append("{?}");
            printer.signature(node, Names::sanitized);
        }
        return printer.out.append(" {…}".repeat(node.regions().size())).toString();
    }

    private void model(Model model) {
        ModelInfo info = model.info();
        out.append(FORMAT).append(' ').append(VERSION).append('\n');
        out.append("model ").append(Strings.quote(info.name())).append(" {");
        RecordCodec.printFields(out, info, MODEL_NAME);
        out.append("}\n");
        model.checkpoint().ifPresent(c -> out.append("checkpoint ").append(Strings.quote(c)).append('\n'));
    }

    private void region(String keyword, Region region, String indent) {
        var names = new Names(region);
        String inner = indent + "  ";
        out.append(indent).append(keyword).append('(');
        fill(region.params(), p -> "%" + names.of(p) + ": " + TypeText.print(p.type()), inner + "  ");
        out.append(") {\n");
        for (Node node : region.nodes()) {
            out.append(inner);
            node(node, names::of);
            out.append('\n');
            for (Region nested : node.regions()) {
                region("region", nested, inner + "  ");
            }
        }
        out.append(inner).append(region.yields().isEmpty() ? "yield" : "yield ");
        fill(region.yields(), v -> "%" + names.of(v), inner + "  ");
        out.append('\n').append(indent).append("}\n");
    }

    private void node(Node node, Function<Value, String> names) {
        results(node, names);
        out.append(node.kind().mnemonic());
        if (node.kind() instanceof Weight(WeightExpr weight) && node.operands().isEmpty() && node.regions().isEmpty()
                && node.results().size() == 1) {
            out.append(' ');
            WeightText.print(out, weight);
            // A stored weight already ends with its type.
            if (!(weight instanceof WeightExpr.Stored s && s.type().equals(node.result(0).type()))) {
                out.append(" : ").append(TypeText.print(node.result(0).type()));
            }
            return;
        }
        attributes(node.kind());
        signature(node, names);
    }

    private void attributes(OpKind kind) {
        if (!(kind instanceof Record record)) {
            throw new IllegalArgumentException(kind.getClass().getName() + " is no record");
        }
        if (record.getClass().getRecordComponents().length > 0) {
            out.append(RecordCodec.print(record));
        }
    }

    private void results(Node node, Function<Value, String> names) {
        if (!node.results().isEmpty()) {
            out.append(join(node.results(), names)).append(" = ");
        }
    }

    private void signature(Node node, Function<Value, String> names) {
        out.append('(').append(join(node.operands(), names)).append(')');
        if (!node.results().isEmpty()) {
            List<Type> types = node.results().stream().map(Result::type).toList();
            out.append(" : ").append(types.stream().map(TypeText::print).collect(Collectors.joining(", ")));
        }
    }

    private static String join(List<? extends Value> values, Function<Value, String> names) {
        return values.stream().map(v -> "%" + names.apply(v)).collect(Collectors.joining(", "));
    }

    /** Items separated by commas, in lines that are not too long. */
    private <T extends Value> void fill(List<T> items, Function<T, String> text, String indent) {
        int start = out.lastIndexOf("\n") + 1;
        for (int i = 0; i < items.size(); i++) {
            String item = text.apply(items.get(i)) + (i + 1 < items.size() ? "," : "");
            if (out.length() - start + item.length() + 1 > WIDTH) {
                out.append('\n');
                start = out.length();
                out.append(indent);
            } else if (i > 0) {
                out.append(' ');
            }
            out.append(item);
        }
    }
}
