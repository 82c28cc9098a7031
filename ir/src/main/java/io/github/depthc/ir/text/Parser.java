// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.text;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Unchecked;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Weight;
import io.github.depthc.ir.weight.WeightExpr;
import io.github.depthc.ir.weight.WeightStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the text form (grammar: {@code docs/ir.md}). Every text is either read or refused with a {@link TextException} for
 * its first mistake. Nodes get the types that the text states, and the place where they stand as location; whether the types
 * are right is for {@link io.github.depthc.ir.verify.Verifier} to say.
 */
public final class Parser {
    private final OpSet ops;
    private final Cursor cursor;

    private Parser(SourceText text, OpSet ops) {
        this.ops = ops;
        this.cursor = new Cursor(text);
    }

    /**
     * What a text holds.
     *
     * @param info       from the model line; a graph on its own has none
     * @param checkpoint the folder that the checkpoint line names, if there is one
     * @param graph      the graph
     */
    public record Parsed(Optional<ModelInfo> info, Optional<String> checkpoint, Region graph) {
        /** The model, or for a graph on its own one of {@link ModelInfo#NONE}, whose weights' bytes are in this store. */
        public Model model(WeightStore weights) {
            return new Model(info.orElse(ModelInfo.NONE), graph, weights, checkpoint);
        }
    }

    /** Reads a model, or a graph on its own. */
    public static Parsed parse(SourceText text, OpSet ops) {
        return new Parser(text, ops).file(false);
    }

    /** Reads a model, whose weights' bytes are in this store. */
    public static Model model(SourceText text, OpSet ops, WeightStore weights) {
        return new Parser(text, ops).file(true).model(weights);
    }

    /** Reads a graph on its own, or that of a model. */
    public static Region region(SourceText text, OpSet ops) {
        return parse(text, ops).graph();
    }

    private Parsed file(boolean needsModel) {
        if (cursor.take(Printer.FORMAT)) {
            Location stated = cursor.here();
            long version = cursor.size();
            if (version != Printer.VERSION) {
                throw cursor.error(stated, "found version " + version + " of the text form, expected " + Printer.VERSION);
            }
        } else if (needsModel) {
            throw cursor.expected("'" + Printer.FORMAT + " " + Printer.VERSION + "', the first line of a model");
        }
        Optional<ModelInfo> info = Optional.empty();
        Optional<String> checkpoint = Optional.empty();
        if (cursor.take("model")) {
            info = Optional.of(info());
            checkpoint = cursor.take("checkpoint") ? Optional.of(cursor.string()) : Optional.empty();
        } else if (needsModel) {
            throw cursor.expected("'model'");
        }
        Location at = cursor.here();
        cursor.expect("graph");
        Region graph = region(at);
        cursor.end();
        return new Parsed(info, checkpoint, graph);
    }

    private ModelInfo info() {
        String name = cursor.string();
        cursor.expect('{');
        return RecordCodec.readFields(cursor, ModelInfo.class, '}', Map.of("name", name), null);
    }

    private Region region(Location at) {
        return cursor.nested(() -> {
            var scope = new LinkedHashMap<String, Value>();
            List<Param> params = params(scope);
            var nodes = new ArrayList<Node>();
            cursor.expect('{');
            while (!cursor.take("yield")) {
                if (!cursor.at('%') && !cursor.atIdentifier()) {
                    throw cursor.expected("an op or 'yield'");
                }
                Node node = node(scope);
                node.results().forEach(r -> scope.put(r.name(), r));
                nodes.add(node);
            }
            var yields = new ArrayList<Value>();
            if (!cursor.at('}')) {
                do {
                    yields.add(use(scope));
                } while (cursor.take(','));
            }
            if (!cursor.take('}')) {
                throw cursor.expected("',' or '}' at the end of the region");
            }
            return Unchecked.region(params, nodes, yields, at);
        });
    }

    private List<Param> params(Map<String, Value> scope) {
        var params = new ArrayList<Param>();
        cursor.expect('(');
        if (!cursor.at(')')) {
            do {
                String name = definition(scope);
                cursor.expect(':');
                Param param = new Param(name, TypeText.read(cursor));
                scope.put(name, param);
                params.add(param);
            } while (cursor.take(','));
        }
        if (!cursor.take(')')) {
            throw cursor.expected("',' or ')'");
        }
        return params;
    }

    private Node node(Map<String, Value> scope) {
        Location start = cursor.here();
        List<String> names = cursor.at('%') ? resultNames(scope) : List.of();
        OpDef def = def();
        if (def.kind() == Weight.class && !cursor.at('{')) {
            return weight(start, names);
        }
        OpKind kind = (OpKind) RecordCodec.parse(def.kind().asSubclass(Record.class), cursor, null);
        String called = cursor.make(start, kind::mnemonic);
        if (!def.mnemonic().equals(called)) {
            throw cursor.error(start, "the op '" + def.mnemonic() + "' calls itself '" + called + "', " + Origin.of(def.kind()) + "; its OpDef and its mnemonic() must agree");
        }
        List<Value> operands = operands(scope);
        Location typesAt = cursor.here();
        List<Type> types = names.isEmpty() ? List.of() : types();
        if (types.size() != names.size()) {
            throw cursor.error(typesAt, "found " + Counted.of(types.size(), "type") + ", expected " + names.size() + ", one for each result");
        }
        var regions = new ArrayList<Region>();
        for (Location at = cursor.here(); cursor.take("region"); at = cursor.here()) {
            regions.add(region(at));
        }
        return Unchecked.node(kind, operands, regions, types, names, start);
    }

    private List<String> resultNames(Map<String, Value> scope) {
        var names = new LinkedHashSet<String>();
        do {
            Location at = cursor.here();
            String name = definition(scope);
            if (!names.add(name)) {
                throw redefined(at, name);
            }
        } while (cursor.take(','));
        cursor.expect('=');
        return List.copyOf(names);
    }

    private Node weight(Location start, List<String> names) {
        Location at = cursor.here();
        WeightExpr weight = WeightText.read(cursor);
        if (names.size() != 1) {
            throw cursor.error(start, "found " + Counted.of(names.size(), "result") + " of a weight, expected 1");
        }
        Type type = cursor.take(':') ? TypeText.read(cursor) : cursor.make(at, weight::type);
        return Unchecked.node(new Weight(weight), List.of(), List.of(), List.of(type), names, start);
    }

    private OpDef def() {
        Location at = cursor.here();
        String mnemonic = cursor.identifier("an op");
        OpDef def = ops.find(mnemonic);
        if (def == null) {
            List<String> known = ops.all().stream().map(OpDef::mnemonic).toList();
            throw cursor.error(at, "found '" + Cursor.clip(mnemonic) + "', expected an op" + Nearest.hint(mnemonic, known));
        }
        return def;
    }

    private List<Value> operands(Map<String, Value> scope) {
        var operands = new ArrayList<Value>();
        cursor.expect('(');
        if (!cursor.at(')')) {
            do {
                operands.add(use(scope));
            } while (cursor.take(','));
        }
        if (!cursor.take(')')) {
            throw cursor.expected("',' or ')'");
        }
        return operands;
    }

    private List<Type> types() {
        var types = new ArrayList<Type>();
        cursor.expect(':');
        do {
            types.add(TypeText.read(cursor));
        } while (cursor.take(','));
        return types;
    }

    private String definition(Map<String, Value> scope) {
        Location at = cursor.here();
        String name = cursor.valueName();
        if (scope.containsKey(name)) {
            throw redefined(at, name);
        }
        return name;
    }

    private TextException redefined(Location at, String name) {
        return cursor.error(at, "found a second definition of '%" + Cursor.clip(name) + "', expected another name");
    }

    private Value use(Map<String, Value> scope) {
        Location at = cursor.here();
        String name = cursor.valueName();
        Value value = scope.get(name);
        if (value == null) {
            throw cursor.error(at, "found '%" + Cursor.clip(name) + "', expected a value defined above in the same region"
                    + Nearest.hint(name, scope.keySet()));
        }
        return value;
    }
}
