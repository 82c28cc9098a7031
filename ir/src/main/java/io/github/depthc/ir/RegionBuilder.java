// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Builds a region node by node and infers every type. Also the way a region is rewritten: copy the nodes of the old one
 * with {@link #copy}, replacing some on the way with {@link #map}.
 */
public final class RegionBuilder {
    private final List<Param> params = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Set<Node> made = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<Value, Value> mapped = new IdentityHashMap<>();
    private final Map<String, Integer> names = new HashMap<>();
    private int mappedAgain;
    private Location location = Location.NONE;
    private Location begin = Location.NONE;

    /** Sets the location given to the nodes added from now on. */
    public RegionBuilder at(Location where) {
        location = where;
        return this;
    }

    /** Sets the location of the region. */
    public RegionBuilder begin(Location where) {
        begin = where;
        return this;
    }

    /** Adds a parameter; its name must be new. */
    public Param param(String name, Type type) {
        if (params.stream().anyMatch(p -> p.name().equals(name))) {
            throw new IllegalArgumentException("parameter %" + name + " exists already");
        }
        Param p = new Param(unique(name), type);
        params.add(p);
        return p;
    }

    /** Adds a node and gives it back. The name is a hint; result {@code i > 0} gets {@code name_i} unless more names are given. */
    public Node node(String name, OpKind kind, List<? extends Value> operands, List<Region> regions, String... more) {
        List<Type> types;
        try {
            types = OpCalls.infer(kind, operands.stream().<Type>map(Value::type).toList(), regions);
        } catch (TypeException e) {
            throw new TypeException((location.equals(Location.NONE) ? "" : location + ": ") + kind.mnemonic() + ": " + e.getMessage());
        }
        var resultNames = new ArrayList<String>();
        for (int i = 0; i < types.size(); i++) {
            resultNames.add(unique(i == 0 ? name : i <= more.length ? more[i - 1] : name + "_" + i));
        }
        Node node = new Node(kind, operands, regions, types, resultNames, location);
        nodes.add(node);
        made.add(node);
        return node;
    }

    /** Adds a node of one result and gives that back. */
    public Value add(String name, OpKind kind, Value... operands) {
        Node node = node(name, kind, List.of(operands), List.of());
        if (node.results().size() != 1) {
            throw new IllegalStateException(kind.mnemonic() + " has " + Counted.of(node.results().size(), "result") + ", expected 1");
        }
        return node.result(0);
    }

    /** From now on {@link #copy} and {@link #value} read {@code to} (a value of this region) where the old region has {@code from}. */
    public void map(Value from, Value to) {
        if (from != to && from instanceof Result r && made.contains(r.node())) {
            throw new IllegalArgumentException("%" + from.name() + " is a value of the new region, expected one of the old: site.node().result(0), not that of a node that was added");
        }
        Value before = mapped.put(from, to);
        if (before != null && before != to) {
            mappedAgain++;
        }
    }

    /** Maps several values at once, in order. */
    public void map(List<? extends Value> from, List<? extends Value> to) {
        if (from.size() != to.size()) {
            throw new IllegalArgumentException("cannot map " + Counted.of(from.size(), "value") + " to " + to.size());
        }
        for (int i = 0; i < from.size(); i++) {
            map(from.get(i), to.get(i));
        }
    }

    /** What stands here for a value of the old region. */
    public Value value(Value old) {
        Value v = mapped.get(old);
        if (v == null) {
            throw new IllegalStateException("%" + old.name() + " has not been mapped or copied yet");
        }
        return v;
    }

    /** What stands here for values of the old region. */
    public List<Value> values(List<? extends Value> old) {
        return old.stream().map(this::value).toList();
    }

    /** True if the old value has been mapped or copied. */
    public boolean has(Value old) {
        return mapped.containsKey(old);
    }

    /** Declares parameters equal to those of another region and maps them; the region has its location. */
    public void copyParams(Region other) {
        begin(other.location());
        for (Param p : other.params()) {
            map(p, param(p.name(), p.type()));
        }
    }

    /** Copies a node of another region, operands mapped, types inferred anew, and maps its results. */
    public Node copy(Node old) {
        return copy(old, old.kind(), values(old.operands()), old.regions());
    }

    /** Copies a node with another kind, operands or regions, keeping names and location; maps the results that both have. */
    public Node copy(Node old, OpKind kind, List<? extends Value> operands, List<Region> regions) {
        Location before = location;
        location = old.location();
        String first = old.results().isEmpty() ? kind.mnemonic() : old.result(0).name();
        String[] more = old.results().stream().skip(1).map(Result::name).toArray(String[]::new);
        Node made = node(first, kind, operands, regions == old.regions() ? resized(old, operands) : regions, more);
        location = before;
        for (int i = 0; i < Math.min(made.results().size(), old.results().size()); i++) {
            map(old.result(i), made.result(i));
        }
        return made;
    }

    /** The regions of a node that gets operands of other sizes: those sizes are other ones inside too. */
    public static List<Region> resized(Node old, List<? extends Value> operands) {
        if (old.regions().isEmpty() || operands.size() != old.operands().size()) {
            return old.regions();
        }
        var sizes = new HashMap<Dim, Dim>();
        for (int i = 0; i < operands.size(); i++) {
            sizes(old.operand(i).type(), operands.get(i).type(), sizes);
        }
        return sizes.isEmpty() ? old.regions() : old.regions().stream().map(r -> resized(r, sizes)).toList();
    }

    private static void sizes(Type before, Type now, Map<Dim, Dim> sizes) {
        if (before instanceof TensorType b && now instanceof TensorType n && b.rank() == n.rank()) {
            for (int d = 0; d < b.rank(); d++) {
                if (b.dim(d) instanceof Dim.Symbol && !b.dim(d).equals(n.dim(d))) {
                    sizes.put(b.dim(d), n.dim(d));
                }
            }
        } else if (before instanceof RowsType b && now instanceof RowsType n && !b.tokens().equals(n.tokens())) {
            sizes.put(b.tokens(), n.tokens());
        }
    }

    private static Region resized(Region region, Map<Dim, Dim> sizes) {
        var b = new RegionBuilder();
        b.begin(region.location());
        for (Param p : region.params()) {
            b.map(p, b.param(p.name(), switch (p.type()) {
                case TensorType t -> new TensorType(t.dtype(), t.shape().stream().map(d -> sizes.getOrDefault(d, d)).toList());
                case RowsType r -> new RowsType(sizes.getOrDefault(r.tokens(), r.tokens()));
                case CacheType c -> c;
            }));
        }
        return b.build(b.inline(region));
    }

    /** Copies all nodes of a region whose parameters have been mapped, and gives back what stands for its yields. */
    public List<Value> inline(Region region) {
        region.nodes().forEach(this::copy);
        return values(region.yields());
    }

    /** How many parameters there are so far. */
    int paramCount() {
        return params.size();
    }

    /** How many nodes there are so far. */
    public int size() {
        return nodes.size();
    }

    /** How often so far {@link #map} put another value in the place of one that stood for the old value already. */
    public int mappedAgain() {
        return mappedAgain;
    }

    /** The nodes made after the first {@code size}. */
    List<Node> after(int size) {
        return Collections.unmodifiableList(nodes.subList(size, nodes.size()));
    }

    /** The finished region. */
    public Region build(List<? extends Value> yields) {
        return new Region(params, nodes, yields, begin);
    }

    private String unique(String hint) {
        if (hint.isEmpty()) {
            throw new IllegalArgumentException("a value without a name, expected a hint such as \"y\"");
        }
        Integer n = names.get(hint);
        if (n == null) {
            names.put(hint, 0);
            return hint;
        }
        while (true) {
            String name = hint + "_" + ++n;
            if (!names.containsKey(name)) {
                names.put(hint, n);
                names.put(name, 0);
                return name;
            }
        }
    }
}
