// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.onnx.WeightPlacement;
import io.github.depthc.backend.onnx.WrittenGraph;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.tensorrt.global.nvonnxparser;
import org.bytedeco.tensorrt.nvinfer.INetworkDefinition;
import org.bytedeco.tensorrt.nvonnxparser.IParser;
import org.bytedeco.tensorrt.nvonnxparser.IParserError;

/**
 * An ONNX graph that has been parsed into a network. Its weights are handed over where they lie in mapped files ({@code loadModelProto},
 * {@code loadInitializer}, {@code parseModelProto}): by path, the parser would read each into memory of its own. The files stay mapped, and the
 * parser stays, until this is closed, after the engine has been built.
 */
final class ParsedGraph implements AutoCloseable {
    private final Path file;
    private final Arena arena = Arena.ofShared();
    private final Map<String, MemorySegment> mapped = new HashMap<>();
    private IParser parser;

    private ParsedGraph(Path file) {
        this.file = file;
    }

    /** @throws InputException for an op that TensorRT's parser does not know, and for weights beyond the end of a file */
    static ParsedGraph parse(INetworkDefinition network, Path file, WrittenGraph graph) throws IOException {
        var parsed = new ParsedGraph(file);
        try {
            parsed.parse(network, graph);
            return parsed;
        } catch (IOException | RuntimeException | Error e) {
            parsed.close();
            throw e;
        }
    }

    private void parse(INetworkDefinition network, WrittenGraph graph) throws IOException {
        parser = TensorRt.require(nvonnxparser.createParser(network, TensorRt.logger()), "createParser");
        MemorySegment model = map(file);
        check(parser.loadModelProto(new Address(model.address()), model.byteSize(), file.toAbsolutePath().toString()), "loadModelProto");
        for (var weight : graph.weights().entrySet()) {
            MemorySegment bytes = bytes(weight.getKey(), weight.getValue().placed());
            check(parser.loadInitializer(weight.getKey(), new Address(bytes.address()), bytes.byteSize()), "loadInitializer of " + weight.getKey());
        }
        check(parser.parseModelProto(), "parseModelProto");
    }

    private MemorySegment bytes(String name, WeightPlacement.Placed placed) throws IOException {
        MemorySegment whole = mapped.get(placed.location());
        if (whole == null) {
            whole = map(file.resolveSibling(placed.location()));
            mapped.put(placed.location(), whole);
        }
        if (placed.offset() > whole.byteSize() || placed.length() > whole.byteSize() - placed.offset()) {
            throw new InputException(file + ": the weight \"" + name + "\" reaches beyond the end of " + placed.location() + "; convert the model again");
        }
        return whole.asSlice(placed.offset(), placed.length());
    }

    private MemorySegment map(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    private void check(boolean done, String call) {
        if (!done) {
            var errors = new ArrayList<String>();
            for (int i = 0; i < parser.getNbErrors(); i++) {
                IParserError error = parser.getError(i);
                errors.add(error.desc() + " (node " + error.nodeName() + ", " + error.nodeOperator() + ")");
            }
            throw new InputException(file + ": TensorRT's " + call + " failed: " + (errors.isEmpty() ? "no reason given" : String.join("; ", errors))
                    + "; convert the model again with this version of depthc");
        }
    }

    /** The graph. */
    Path file() {
        return file;
    }

    @Override
    public void close() {
        TensorRt.delete(parser);
        arena.close();
    }
}
