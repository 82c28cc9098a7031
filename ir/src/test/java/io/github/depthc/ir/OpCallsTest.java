// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OpCallsTest {
    private static final TensorType VECTOR = TensorType.fixed(DType.F32, 2);

    /** Gives nothing where something is asked for. */
    record Empty(int results) implements OpKind, Lowerable {
        @Override
        public String mnemonic() {
            return "empty";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return results < 0 ? null : Collections.nCopies(results, VECTOR);
        }

        @Override
        public List<Integer> rowWise(List<Type> operands) {
            return null;
        }

        @Override
        public OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
            return null;
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return results == 1 ? null : List.of();
        }
    }

    private static Node node(int results) {
        return new RegionBuilder().node("a", new Empty(results), List.of(), List.of());
    }

    @Test
    void nullIsToldWithTheKindAndItsOrigin() {
        String from = "() of op 'empty', " + Empty.class.getName() + " (";
        says("infer" + from, assertThrows(TypeException.class, () -> OpCalls.infer(new Empty(-1), List.of(), List.of())));
        says("infer" + from, assertThrows(TypeException.class, () -> node(-1)));
        says("rowWise" + from, assertThrows(TypeException.class, () -> OpCalls.rowWise(node(1))));
        says("cost" + from, assertThrows(TypeException.class, () -> OpCalls.cost(new Empty(1), List.of(), d -> 1)));
        says("lower" + from, assertThrows(InputException.class, () -> OpCalls.lower(new Empty(1), node(1), List.of(), new RegionBuilder())));
    }

    @Test
    void aLoweringGivesAsManyValuesAsTheNode() {
        var e = assertThrows(InputException.class, () -> OpCalls.lower(new Empty(2), node(2), List.of(), new RegionBuilder()));
        says("the lowering of op 'empty', " + Empty.class.getName(), e);
        says("gives 0 values, expected 2", e);
    }

    @Test
    void rowsAreThoseOfOperands() {
        record Wrong(int operand) implements OpKind {
            @Override
            public String mnemonic() {
                return "wrong";
            }

            @Override
            public List<Type> infer(List<Type> operands, List<Region> regions) {
                return operands;
            }

            @Override
            public List<Integer> rowWise(List<Type> operands) {
                return List.of(operand);
            }
        }

        for (int operand : new int[] {-1, 1}) {
            var b = new RegionBuilder();
            Node node = b.node("a", new Wrong(operand), List.of(b.param("x", VECTOR)), List.of());
            says("gives " + operand + ", expected the index of an operand that has rows; there is 1 operand",
                    assertThrows(TypeException.class, () -> OpCalls.rowWise(node)));
        }
    }

    @Test
    void errorsAreToldLikeExceptions() {
        record Asserting() implements OpKind {
            @Override
            public String mnemonic() {
                return "asserting";
            }

            @Override
            public List<Type> infer(List<Type> operands, List<Region> regions) {
                throw new AssertionError("two\nlines");
            }
        }

        says("infer() of op 'asserting', ", assertThrows(TypeException.class, () -> OpCalls.infer(new Asserting(), List.of(), List.of())));
        says("failed: java.lang.AssertionError: two lines", assertThrows(TypeException.class, () -> OpCalls.infer(new Asserting(), List.of(), List.of())));
    }

    /** A region's sizes are those of the operands around it. */
    @Test
    void regionsFollowTheSizesOfTheirNode() {
        record Block() implements OpKind {
            @Override
            public String mnemonic() {
                return "block";
            }

            @Override
            public List<Type> infer(List<Type> operands, List<Region> regions) {
                if (!regions.getFirst().params().getFirst().type().equals(operands.getFirst())) {
                    throw new TypeException("the region has " + regions.getFirst().params().getFirst().type());
                }
                return operands;
            }
        }

        var body = new RegionBuilder();
        Value a = body.param("a", TensorType.of(DType.F32, Dim.of("tokens"), Dim.of(4)));
        Region region = body.build(List.of(a));
        var old = new RegionBuilder();
        Node block = old.node("y", new Block(), List.of(old.param("x", a.type())), List.of(region));
        var b = new RegionBuilder();
        b.map(block.operand(0), b.param("x", TensorType.of(DType.F32, Dim.of("kept"), Dim.of(4))));
        assertEquals(Dim.of("kept"), b.copy(block).region().params().getFirst().tensor().dim(0));
    }

    /** The commonest slip: the operands of the old node in the place of those of the new graph. */
    @Test
    void aLoweringUsesWhatItIsGiven() {
        var old = new RegionBuilder();
        Value x = old.param("x", VECTOR);
        old.add("y", new Through(), x);
        Node node = old.after(0).getFirst();
        var b = new RegionBuilder();
        List<Value> operands = List.of(b.param("z", VECTOR));
        says("the lowering of op 'through', " + Through.class.getName(), assertThrows(InputException.class, () -> OpCalls.lower(new Through(), node, operands, b)));
        says("uses %x, which is not there", assertThrows(InputException.class, () -> OpCalls.lower(new Through(), node, operands, b)));
    }

    /** Gives back an operand of the node. */
    record Through() implements OpKind, Lowerable {
        @Override
        public String mnemonic() {
            return "through";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return operands;
        }

        @Override
        public List<Value> lower(Node node, List<Value> operands, RegionBuilder b) {
            return List.of(node.operand(0));
        }
    }

    private static void says(String text, Exception e) {
        assertTrue(e.getMessage().contains(text), e.getMessage());
    }
}
