// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Asks an op kind, which may be somebody else's: what it gives or throws wrongly is told with its name and where it comes from. */
public final class OpCalls {
    private OpCalls() {
    }

    /** {@link OpKind#infer}; {@link TypeException}. */
    public static List<Type> infer(OpKind kind, List<Type> operands, List<Region> regions) {
        return whole(kind, "infer", () -> kind.infer(operands, regions));
    }

    /** {@link OpKind#rowWise} of a node's operands; {@link TypeException}. */
    public static List<Integer> rowWise(Node node) {
        List<Integer> given = whole(node.kind(), "rowWise", () -> node.kind().rowWise(node.operandTypes()));
        for (int operand : given) {
            if (operand < 0 || operand >= node.operands().size() || node.operand(operand).type() instanceof CacheType) {
                throw new TypeException("rowWise() of op '" + node.kind().mnemonic() + "', " + Origin.of(node.kind().getClass()) + ", gives " + operand
                        + ", expected the index of an operand that has rows; there " + (node.operands().size() == 1 ? "is " : "are ") + Counted.of(node.operands().size(), "operand"));
            }
        }
        return given;
    }

    /** {@link OpKind#cost}; {@link TypeException}. */
    public static OpCost cost(OpKind kind, List<Type> operands, OpCost.Sizes sizes) {
        OpCost given = asked(kind, "cost", () -> kind.cost(operands, sizes));
        if (!amount(given.linear()) || !amount(given.attention()) || !amount(given.cacheBytes())) {
            throw new TypeException("cost() of op '" + kind.mnemonic() + "', " + Origin.of(kind.getClass()) + ", gives " + given + ", expected finite numbers that are not negative");
        }
        return given;
    }

    private static boolean amount(double cost) {
        return cost >= 0 && cost < Double.POSITIVE_INFINITY;
    }

    /**
     * {@link Lowerable#lower}: as many values as the node has results, of their types but for caches, whose form may change on the way.
     *
     * @throws InputException that names the kind
     */
    public static List<Value> lower(Lowerable kind, Node node, List<Value> operands, RegionBuilder b) {
        List<Value> made;
        int before = b.size();
        int params = b.paramCount();
        try {
            made = whole(kind, "lower", () -> kind.lower(node, operands, b));
        } catch (TypeException e) {
            throw lowering(kind, ", failed: " + e.getMessage(), e);
        }
        if (b.paramCount() != params) {
            throw lowering(kind, ", adds a parameter, expected nodes alone", null);
        }
        if (made.size() != node.results().size()) {
            throw lowering(kind, ", gives " + Counted.of(made.size(), "value") + ", expected " + node.results().size() + ", one for each result", null);
        }
        IntStream.range(0, made.size()).forEach(i -> {
            Type expected = node.result(i).type();
            if (!(expected instanceof CacheType) && !made.get(i).type().equals(expected)) {
                throw lowering(kind, ", gives %" + made.get(i).name() + " of type " + made.get(i).type() + " as result " + i + ", expected " + expected, null);
            }
        });
        foreign(operands, b.after(before), made).ifPresent(value -> {
            throw lowering(kind, ", uses %" + value.name() + ", which is not there; expected the operands it is given, and what it makes of them", null);
        });
        return made;
    }

    /** A value that a lowering uses or gives, but neither got nor made: one of the old graph. */
    private static Optional<Value> foreign(List<Value> operands, List<Node> nodes, List<Value> made) {
        Set<Value> there = Collections.newSetFromMap(new IdentityHashMap<>());
        there.addAll(operands);
        nodes.forEach(n -> there.addAll(n.results()));
        return Stream.concat(nodes.stream().flatMap(n -> n.operands().stream()), made.stream()).filter(v -> !there.contains(v)).findFirst();
    }

    private static InputException lowering(Lowerable kind, String what, Throwable cause) {
        return new InputException("the lowering of op '" + kind.mnemonic() + "', " + Origin.of(kind.getClass()) + what, cause);
    }

    private static <T> List<T> whole(OpKind kind, String method, Supplier<List<T>> call) {
        List<T> given = asked(kind, method, call);
        if (given.stream().anyMatch(Objects::isNull)) {
            throw new TypeException("the list of " + method + "() of op '" + kind.mnemonic() + "', " + Origin.of(kind.getClass()) + ", has null in it");
        }
        return given;
    }

    private static <T> T asked(OpKind kind, String method, Supplier<T> call) {
        T given;
        try {
            given = call.get();
        } catch (TypeException | InputException e) {
            throw e;
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (Exception | Error e) {
            throw new TypeException(method + "() of op '" + kind.mnemonic() + "', " + Origin.of(kind.getClass()) + ", failed: " + Origin.words(e));
        }
        if (given == null) {
            throw new TypeException(method + "() of op '" + kind.mnemonic() + "', " + Origin.of(kind.getClass()) + ", gives null");
        }
        return given;
    }
}
