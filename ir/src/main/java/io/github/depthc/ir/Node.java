// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Where an op kind stands in a graph: its operands, its regions and its results. A node has identity and never changes.
 * Nodes are made through a {@link RegionBuilder}, which infers the result types.
 */
public final class Node {
    private final OpKind kind;
    private final List<Value> operands;
    private final List<Region> regions;
    private final List<Result> results;
    private final Location location;

    /** With stated result types and names, one name for each type. */
    Node(OpKind kind, List<? extends Value> operands, List<Region> regions, List<Type> types, List<String> names, Location location) {
        if (types.size() != names.size()) {
            throw new IllegalArgumentException(types.size() + " types but " + names.size() + " names");
        }
        this.kind = kind;
        this.operands = List.copyOf(operands);
        this.regions = List.copyOf(regions);
        this.location = location;
        var made = new ArrayList<Result>(types.size());
        for (int i = 0; i < types.size(); i++) {
            made.add(new Result(this, i, names.get(i), types.get(i)));
        }
        this.results = Collections.unmodifiableList(made);
    }

    public OpKind kind() {
        return kind;
    }

    public List<Value> operands() {
        return operands;
    }

    public Value operand(int index) {
        return operands.get(index);
    }

    public List<Region> regions() {
        return regions;
    }

    /** The only region; an {@link IllegalStateException} when there is not exactly one. */
    public Region region() {
        if (regions.size() != 1) {
            throw new IllegalStateException(kind.mnemonic() + " has " + Counted.of(regions.size(), "region") + ", expected 1");
        }
        return regions.getFirst();
    }

    public List<Result> results() {
        return results;
    }

    public Result result(int index) {
        return results.get(index);
    }

    public Location location() {
        return location;
    }

    /** Types of the operands, in order. */
    public List<Type> operandTypes() {
        return operands.stream().map(Value::type).toList();
    }

    @Override
    public String toString() {
        return kind.mnemonic() + operands.stream().map(v -> "%" + v.name()).toList();
    }
}
