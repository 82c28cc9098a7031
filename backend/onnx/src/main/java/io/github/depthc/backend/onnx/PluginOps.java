// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Node;
import io.github.depthc.ir.OpKind;
import io.github.depthc.ir.Origin;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** Writes nodes of op kinds that come with an {@link OnnxOp} of their own. */
final class PluginOps {
    private PluginOps() {
    }

    /** The emitter of a kind that a plug-in writes, or null. */
    static OpEmitter find(Class<? extends OpKind> kind) {
        try {
            OnnxOp found = null;
            for (OnnxOp op : ServiceLoader.load(OnnxOp.class, kind.getClassLoader())) {
                if (op.kind() == kind && found != null) {
                    throw new InputException("op kind " + Origin.of(kind) + " has two ONNX forms: " + Origin.of(found.getClass()) + " and " + Origin.of(op.getClass())
                            + "; leave one out of META-INF/services/" + OnnxOp.class.getName());
                }
                found = op.kind() == kind ? op : found;
            }
            OnnxOp only = found;
            return only == null ? null : (node, c) -> write(only, node, c);
        } catch (ServiceConfigurationError e) {
            throw new InputException("the ONNX form of op kind " + Origin.of(kind) + " cannot be loaded: " + e.getMessage()
                    + (e.getCause() == null ? "" : ": " + Origin.words(e.getCause())), e);
        }
    }

    private static void write(OnnxOp op, Node node, EmitContext c) {
        List<String> results = written(op, node, c);
        if (results.size() != node.results().size()) {
            throw new InputException("the ONNX form of op '" + node.kind().mnemonic() + "', " + Origin.of(op.getClass()) + ", gives "
                    + results.size() + " results, expected " + node.results().size());
        }
        for (int i = 0; i < results.size(); i++) {
            c.g().op("Identity", results.get(i)).outputs(c.out(node, i));
        }
    }

    private static List<String> written(OnnxOp op, Node node, EmitContext c) {
        List<String> operands = node.operands().stream().map(c::tensor).toList();
        List<String> results;
        try {
            results = op.write(node, operands, new Graph(c));
        } catch (OutOfMemoryError | InputException e) {
            throw e;
        } catch (Exception | Error e) {
            throw new InputException("the ONNX form of op '" + node.kind().mnemonic() + "', " + Origin.of(op.getClass()) + ", failed: " + Origin.words(e), e);
        }
        if (results == null || results.stream().anyMatch(Objects::isNull)) {
            throw new InputException("the ONNX form of op '" + node.kind().mnemonic() + "', " + Origin.of(op.getClass()) + ", gives null, expected the names of its results");
        }
        return results;
    }

    private record Graph(EmitContext c) implements OnnxGraph {
        @Override
        public List<String> op(String domain, String type, List<String> inputs, int outputs, Map<String, ?> attributes) {
            GraphWriter g = c.g();
            String[] in = inputs.toArray(String[]::new);
            GraphWriter.Call call = switch (domain) {
                case "" -> g.op(type, in);
                case GraphWriter.MICROSOFT -> g.microsoft(type, in);
                default -> throw new IllegalArgumentException("domain '" + domain + "', expected \"\" or " + GraphWriter.MICROSOFT);
            };
            // sorted: the same graph gives the same bytes
            new TreeMap<String, Object>(attributes).forEach((name, value) -> attribute(call, name, value));
            var names = new String[outputs];
            Arrays.setAll(names, i -> g.unique(type));
            call.outputs(names);
            return List.of(names);
        }

        private static void attribute(GraphWriter.Call call, String name, Object value) {
            switch (value) {
                case Long v -> call.with(name, v);
                case Integer v -> call.with(name, v.longValue());
                case Float v -> call.with(name, v);
                case String v -> call.with(name, v);
                case long[] v -> call.with(name, v);
                default -> throw new IllegalArgumentException("attribute " + name + " is " + value.getClass().getName()
                        + ", expected Long, Integer, Float, String or long[]");
            }
        }

        @Override
        public String i64s(long... values) {
            return c.g().i64s(values);
        }

        @Override
        public String f32(double value) {
            return c.g().f32(value);
        }

        @Override
        public boolean portable() {
            return c.portable();
        }
    }
}
