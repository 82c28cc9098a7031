// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.ir.BuiltinOps;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.Location;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import io.github.depthc.ir.Unchecked;
import io.github.depthc.ir.Value;
import io.github.depthc.ir.op.Binary;
import io.github.depthc.ir.op.Constant;
import io.github.depthc.ir.op.Unary;
import io.github.depthc.ir.text.Parser;
import io.github.depthc.ir.text.SourceText;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a text cannot say: graphs that only a program can build. */
class VerifierTest {
    private static final TensorType VECTOR = TensorType.fixed(DType.F32, 2);
    private static final Location HERE = Location.of("layer 3");

    record Failing(int a) implements OpKind {
        @Override
        public String mnemonic() {
            return "failing";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return List.of(operands.get(a));
        }
    }

    record Silu(List<Object> odd) implements OpKind {
        @Override
        public String mnemonic() {
            return "silu";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return operands;
        }
    }

    private static Node silu(String name, Value x) {
        return Unchecked.node(new Unary.Silu(), List.of(x), List.of(), List.of(VECTOR), List.of(name), HERE);
    }

    private static List<String> errors(Region region) {
        return Verifier.check(region, BuiltinOps.SET).stream().map(Diagnostic::toString).toList();
    }

    @Test
    void valuesAreDefinedBeforeTheyAreUsed() {
        Param x = new Param("x", VECTOR);
        Node first = silu("first", x);
        Node second = silu("second", first.result(0));
        assertEquals(List.of("layer 3: error: operand 0 is %first, expected a value defined before in the same region; in "
                + "%second = silu(%first) : f32[2]"), errors(Unchecked.region(List.of(x), List.of(second, first), List.of(second.result(0)))));
    }

    @Test
    void valuesOfOtherRegionsAreNotSeen() {
        Param outside = new Param("x", VECTOR);
        Node node = silu("y", outside);
        assertEquals(List.of("layer 3: error: operand 0 is %x, expected a value defined before in the same region; in %y = silu(%x) : f32[2]",
                "error: yields %x, expected a value defined in the same region; in the graph"),
                errors(Unchecked.region(List.of(new Param("x", VECTOR)), List.of(node), List.of(node.result(0), outside))));
    }

    @Test
    void namesAreUnique() {
        Param x = new Param("x", VECTOR);
        Node node = silu("x", x);
        assertEquals(List.of("error: the name %x is taken, expected names unique in the region; in the parameters of the graph",
                "layer 3: error: the name %x is taken, expected names unique in the region; in %x = silu(%x) : f32[2]"),
                errors(Unchecked.region(List.of(x, new Param("x", VECTOR)), List.of(node), List.of(node.result(0)))));
    }

    @Test
    void errorsOfARegionStandWhereItBegins() {
        Region graph = Parser.region(new SourceText("a.mir", """
                // a graph
                graph(%cache: cache<1x2>) {
                  yield %cache, %cache
                }
                """), BuiltinOps.SET);
        assertEquals(List.of("a.mir:2:1: error: %cache has been consumed by a yield, expected the cache that came of it; in the yields"), errors(graph));
        var b = new RegionBuilder();
        b.copyParams(graph);
        assertEquals(graph.location(), b.build(b.values(graph.yields())).location(), "a graph made of it begins there too");
    }

    @Test
    void aNodeStandsInOnePlace() {
        Param x = new Param("x", VECTOR);
        Node node = silu("y", x);
        List<String> errors = errors(Unchecked.region(List.of(x), List.of(node, node), List.of(node.result(0))));
        assertTrue(errors.getFirst().contains("the node stands in a second place, expected one place"), errors.toString());
    }

    @Test
    void attributesCanBeWritten() {
        Node node = Unchecked.node(new Constant(Double.NaN), List.of(), List.of(), List.of(TensorType.of(DType.F32)), List.of("c"), HERE);
        assertEquals(List.of("layer 3: error: attribute value is NaN, expected a finite number; in %c = constant{?}() : f32[]"),
                errors(Unchecked.region(List.of(), List.of(node), List.of())));
    }

    @Test
    void opsAreRegistered() {
        Param x = new Param("x", VECTOR);
        Node unknown = Unchecked.node(new Failing(0), List.of(x), List.of(), List.of(VECTOR), List.of("a"), HERE);
        Node other = Unchecked.node(new Silu(List.of()), List.of(x), List.of(), List.of(VECTOR), List.of("b"), HERE);
        assertEquals(List.of("layer 3: error: the op 'failing' is of " + Failing.class.getName() + ", expected a registered op; in "
                + "%a = failing{a=0}(%x) : f32[2]",
                "layer 3: error: the op 'silu' is of " + Silu.class.getName() + ", expected " + Unary.Silu.class.getName() + "; in "
                + "%b = silu{odd=[]}(%x) : f32[2]"), errors(Unchecked.region(List.of(x), List.of(unknown, other), List.of())));
    }

    @Test
    void aKindThatFailsDoesNotHideOtherErrors() {
        Param x = new Param("x", VECTOR);
        Node failing = Unchecked.node(new Failing(1), List.of(x), List.of(), List.of(VECTOR), List.of("a"), HERE);
        Node wrong = Unchecked.node(new Binary.Add(), List.of(x, x), List.of(), List.of(TensorType.fixed(DType.F32, 3)), List.of("b"), HERE);
        var ops = BuiltinOps.SET.with(List.of(new OpDef("failing", Failing.class, "fails")));
        List<Diagnostic> errors = Verifier.check(Unchecked.region(List.of(x), List.of(failing, wrong), List.of()), ops);
        assertEquals(2, errors.size());
        assertTrue(errors.getFirst().message().matches("infer\\(\\) of op 'failing', .*VerifierTest.Failing .*, failed: .*IndexOutOfBoundsException.*"),
                errors.getFirst().message());
        assertEquals("%b has type f32[3], expected f32[2]; in %b = add(%x, %x) : f32[3]", errors.getLast().message());
    }

    @Test
    void aCacheIsYieldedOnce() {
        Param cache = new Param("cache", new CacheType(1, 2, false));
        assertEquals(List.of("error: %cache has been consumed by a yield, expected the cache that came of it; in the yields"),
                errors(Unchecked.region(List.of(cache), List.of(), List.of(cache, cache))));
    }
}
