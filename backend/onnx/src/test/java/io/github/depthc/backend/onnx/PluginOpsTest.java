// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.Dim;
import io.github.depthc.ir.Expect;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Region;
import io.github.depthc.ir.RegionBuilder;
import io.github.depthc.ir.TensorType;
import io.github.depthc.ir.Type;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** An op kind with an ONNX form of its own, registered in this module's test resources. */
class PluginOpsTest {
    /** Sum of the absolute values of each row: x {@code [n, d]} gives {@code [n]}. */
    public record NormL1(boolean known) implements OpKind {
        @Override
        public String mnemonic() {
            return "norm_l1";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            TensorType x = Expect.tensor(operands, 0, DType.F32, 2);
            return List.of(TensorType.of(DType.F32, x.dim(0)));
        }
    }

    /** Another kind, which nothing writes. */
    record Silent() implements OpKind {
        @Override
        public String mnemonic() {
            return "silent";
        }

        @Override
        public List<Type> infer(List<Type> operands, List<Region> regions) {
            return operands;
        }
    }

    /** Writes {@link NormL1}. */
    public static final class NormL1Onnx implements OnnxOp {
        @Override
        public Class<? extends OpKind> kind() {
            return NormL1.class;
        }

        @Override
        public List<String> write(Node node, List<String> operands, OnnxGraph graph) {
            if (!((NormL1) node.kind()).known()) {
                return List.of();
            }
            return graph.op("", "ReduceL1", List.of(operands.getFirst(), graph.i64s(1)), 1, Map.of("keepdims", 0));
        }
    }

    @Test
    void aKindIsWrittenByTheOpOfItsJar() {
        List<NodeProto> nodes = OnnxEmitter.emit(graph(new NormL1(true)), new EmitOptions(false, "test"), w -> null).model().getGraph().getNodeList();
        assertEquals(List.of("ReduceL1", "Identity"), nodes.stream().map(NodeProto::getOpType).toList());
        assertEquals("out.0", nodes.getLast().getOutput(0));
        assertEquals(0, nodes.getFirst().getAttribute(0).getI());
    }

    @Test
    void whatDoesNotFitIsNamed() {
        var few = assertThrows(InputException.class, () -> OnnxEmitter.emit(graph(new NormL1(false)), new EmitOptions(false, "test"), w -> null));
        assertTrue(few.getMessage().contains("norm_l1") && few.getMessage().contains("gives 0 results, expected 1"), few.getMessage());
        var none = assertThrows(InputException.class, () -> OnnxEmitter.emit(graph(new Silent()), new EmitOptions(false, "test"), w -> null));
        assertTrue(none.getMessage().contains("op 'silent' of ") && none.getMessage().contains("has no ONNX form"), none.getMessage());
    }

    private static Region graph(OpKind kind) {
        var b = new RegionBuilder();
        var x = b.param("x", TensorType.of(DType.F32, Dim.TOKENS, Dim.of(4)));
        return b.build(List.of(b.add("y", kind, x)));
    }
}
