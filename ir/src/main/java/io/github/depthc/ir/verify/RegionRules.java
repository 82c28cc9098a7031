// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import io.github.depthc.ir.Counted;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpCalls;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.OpSet;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.Result;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.TypeException;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.text.RecordCodec;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** The rules that hold in every region, checked in one walk. */
final class RegionRules {
    /** Levels of regions, so that with what stands in them texts keep to what the parser reads. */
    private static final int DEEPEST = 16;

    private final OpSet ops;
    private final int layers;
    private final StoredWeights weights;
    private final List<Diagnostic> errors;
    private final Verified verified;
    private final Set<Node> placed = Collections.newSetFromMap(new IdentityHashMap<>());
    private int depth;

    RegionRules(OpSet ops, int layers, StoredWeights weights, Verified verified, List<Diagnostic> errors) {
        this.ops = ops;
        this.layers = layers;
        this.weights = weights;
        this.verified = verified;
        this.errors = errors;
    }

    /** Checks a region and all in it, unless it was right before; {@code where} is for messages without a node. */
    void check(Region region, Supplier<String> where) {
        if (verified.has(region) && placeAgain(region)) {
            return;
        }
        int before = errors.size();
        if (depth == DEEPEST) {
            errors.add(Verifier.error(region, "regions are nested deeper than " + DEEPEST + " levels, which the text form does not have; in " + where.get()));
            return;
        }
        depth++;
        checkAll(region, where);
        depth--;
        if (errors.size() == before) {
            verified.add(region);
        }
    }

    /** Places the nodes of a region that was right; false, and none placed, if one stands in another place already. */
    private boolean placeAgain(Region region) {
        if (region.nodes().stream().anyMatch(placed::contains) || region.nodes().stream().anyMatch(n -> !n.regions().isEmpty())) {
            return false;
        }
        placed.addAll(region.nodes());
        return true;
    }

    private void checkAll(Region region, Supplier<String> where) {
        Set<Value> defined = Collections.newSetFromMap(new IdentityHashMap<>());
        var names = new HashSet<String>();
        var symbols = new Symbols(region);
        var caches = new Caches();
        int lastLayer = -1;
        for (Value param : region.params()) {
            defined.add(param);
            if (!names.add(param.name())) {
                errors.add(Verifier.error(region, "the name %" + param.name() + " is taken, expected names unique in the region; in the parameters of "
                        + where.get()));
            }
        }
        for (Node node : region.nodes()) {
            for (int i = 0; i < node.operands().size(); i++) {
                if (!defined.contains(node.operand(i))) {
                    error(node, "operand " + i + " is %" + node.operand(i).name() + ", expected a value defined before in the same region");
                }
            }
            if (!placed.add(node)) {
                error(node, "the node stands in a second place, expected one place");
            }
            for (Result result : node.results()) {
                defined.add(result);
                if (!names.add(result.name())) {
                    error(node, "the name %" + result.name() + " is taken, expected names unique in the region");
                }
            }
            kind(node);
            types(node);
            symbols.check(node, errors);
            caches.use(node, errors);
            weights.check(node, errors);
            lastLayer = layer(node, lastLayer);
            for (Region nested : node.regions()) {
                check(nested, () -> NodeText.of(node));
            }
        }
        for (Value value : region.yields()) {
            if (!defined.contains(value)) {
                errors.add(Verifier.error(region, "yields %" + value.name() + ", expected a value defined in the same region; in " + where.get()));
            }
            caches.yield(region, value, errors);
        }
    }

    private void kind(Node node) {
        OpDef def = ops.find(node.kind().mnemonic());
        if (def == null || def.kind() != node.kind().getClass()) {
            error(node, "the op '" + node.kind().mnemonic() + "' is of " + node.kind().getClass().getName() + ", expected "
                    + (def == null ? "a registered op" : def.kind().getName()));
            return;
        }
        if (verified.has(node.kind())) {
            return;
        }
        try {
            RecordCodec.print((Record) node.kind());
            verified.add(node.kind());
        } catch (IllegalArgumentException e) {
            error(node, "attribute " + e.getMessage());
        }
    }

    private void types(Node node) {
        List<Type> expected;
        try {
            expected = OpCalls.infer(node.kind(), node.operandTypes(), node.regions());
        } catch (TypeException e) {
            error(node, e.getMessage());
            return;
        }
        if (expected.size() != node.results().size()) {
            error(node, "has " + Counted.of(node.results().size(), "result") + ", expected " + expected.size());
            return;
        }
        for (int i = 0; i < expected.size(); i++) {
            Result result = node.result(i);
            if (!result.type().equals(expected.get(i))) {
                error(node, "%" + result.name() + " has type " + result.type() + ", expected " + expected.get(i));
            }
        }
    }

    private int layer(Node node, int last) {
        if (!(node.kind() instanceof DecoderLayer layer)) {
            return last;
        }
        int index = layer.index();
        if (index <= last) {
            error(node, "layer index is " + index + ", expected more than " + last + ", the one before");
        }
        if (index >= layers) {
            error(node, "layer index is " + index + ", expected less than " + layers + ", the model's number of layers");
        }
        return Math.max(index, last);
    }

    private void error(Node node, String message) {
        errors.add(Verifier.error(node, message));
    }
}
