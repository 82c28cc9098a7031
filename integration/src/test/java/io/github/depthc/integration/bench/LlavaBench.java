// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.onnx.proto.GraphProto;
import io.github.depthc.backend.onnx.proto.ModelProto;
import io.github.depthc.backend.onnx.proto.NodeProto;
import io.github.depthc.backend.onnx.proto.TensorProto;
import io.github.depthc.backend.onnx.proto.TensorShapeProto;
import io.github.depthc.backend.onnx.proto.TypeProto;
import io.github.depthc.backend.onnx.proto.ValueInfoProto;
import io.github.depthc.backend.ort.OrtComponent;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.runtime.CandidateTokens;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.cli.plan.PromptFlops;
import io.github.depthc.cli.plan.RoutedModel;
import io.github.depthc.cli.run.ImageInput;
import io.github.depthc.cli.run.TowerRun;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.frontend.vision.MergedPrompt;
import io.github.depthc.frontend.vision.TowerImage;
import io.github.depthc.frontend.vision.TowerImages;
import io.github.depthc.image.ImageProcessor;
import io.github.depthc.image.PixelSize;
import io.github.depthc.image.RgbImage;
import io.github.depthc.ir.ModelInfo;
import io.github.depthc.passes.builtin.BuiltinPasses;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Times of a prompt of one picture and {@value #WORDS} tokens of text, of a bundle in HuggingFace's LLaVA format: preparing the picture, the
 * vision tower, the projector, and the decoder's prefill, Mixture-of-Depths and dense, in turns in one process. Arguments: MoD bundle, dense
 * bundle of the same checkpoint, folder above the first to write the projector's graph to, rounds.
 */
public final class LlavaBench {
    private static final int WORDS = 58;
    private static final int SIDE = 672;
    private static final String PROJECTOR = "multi_modal_projector.";

    private LlavaBench() {
    }

    /** Runs the benchmark. */
    public static void main(String[] args) throws IOException, OrtException {
        Bundle mod = Bundle.open(Path.of(args[0]));
        Bundle dense = Bundle.open(Path.of(args[1]));
        int rounds = Integer.parseInt(args[3]);
        LlavaSettings settings = ImageInput.settings(mod);
        ModelInfo model = mod.info().model();
        var processor = new ImageProcessor(TowerImages.settings(Checkpoint.config(mod.folder()), settings, mod.folder()));
        RgbImage picture = picture();
        var image = new TowerImage(processor.process(picture));
        Results.header("One picture of %d %s in a %s: decoder of hidden %d, %d layers, vocabulary %d".formatted(image.input().patches(),
                image.input().patches() == 1 ? "piece" : "pieces", model.architecture(),
                model.hidden(), model.layers(), model.vocab()));
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        try (OrtEngine modEngine = OrtEngine.open(mod, OrtOptions.DEFAULT); OrtEngine denseEngine = OrtEngine.open(dense, OrtOptions.DEFAULT);
                OrtComponent vision = OrtComponent.open(mod, Bundle.VISION, OrtOptions.DEFAULT);
                Projector projector = Projector.of(mod, Path.of(args[2]).resolve("projector.onnx"), image.input().patches() * settings.tower().positions())) {
            System.out.println(Results.onnxRuntime() + ", " + rounds + " rounds in turns\n");
            int[] ids = new SplittableRandom(0).ints(WORDS + 1L, 0, model.vocab()).map(id -> id == settings.placeholder() ? 0 : id).toArray();
            ids[1] = settings.placeholder();
            MergedPrompt prompt = TowerRun.merged(settings, ids, List.of(TowerRun.seen(image, vision::run)), modEngine.embedding().orElseThrow(), model.hidden());
            CandidateTokens candidates = CandidateTokens.ofImages(mod.info().candidates(), prompt.layout().candidates());
            int[][] kept = new int[2][];
            Map<String, Runnable> contenders = new LinkedHashMap<>();
            contenders.put("preparing the picture", () -> processor.process(picture));
            contenders.put("tower and projector", () -> vision.run(TowerRun.input(image)));
            contenders.put("projector", projector::run);
            contenders.put("prefill, MoD", () -> kept[0] = prefill(modEngine, new PromptInput(null, prompt.embeddings(), candidates, false)));
            contenders.put("prefill, dense", () -> kept[1] = prefill(denseEngine, PromptInput.ofEmbeddings(prompt.embeddings())));
            for (int round = -1; round < rounds; round++) {
                for (Map.Entry<String, Runnable> c : contenders.entrySet()) {
                    long start = System.nanoTime();
                    c.getValue().run();
                    if (round >= 0) {
                        seconds.computeIfAbsent(c.getKey(), n -> new ArrayList<>()).add((System.nanoTime() - start) / 1e9);
                    }
                }
            }
            print(seconds, mod, dense, prompt, kept);
        }
    }

    private static void print(Map<String, List<Double>> seconds, Bundle mod, Bundle dense, MergedPrompt prompt, int[][] kept) throws IOException {
        int tokens = prompt.tokens();
        int vision = prompt.layout().visionTokens();
        var times = new Results().row("of " + tokens + " tokens, " + vision + " of them the picture's", "s, median (quartiles)");
        seconds.forEach((name, s) -> times.row(name, Measured.of(s).text(1, 3)));
        List<Double> both = seconds.get("tower and projector");
        List<Double> projector = seconds.get("projector");
        times.row("tower alone, the difference", Measured.of(IntStream.range(0, both.size()).mapToObj(i -> both.get(i) - projector.get(i)).toList()).text(1, 3));
        times.print();
        var routed = PromptFlops.of(BuiltinPasses.lowered(RoutedModel.of(mod)), tokens, vision, kept[0]);
        var full = PromptFlops.dense(BuiltinPasses.lowered(RoutedModel.of(dense)), tokens);
        new Results().row("MoD / dense", "")
                .row("prefill time, median (quartiles)", Measured.ratio(seconds.get("prefill, MoD"), seconds.get("prefill, dense")).text(1, 3))
                .row("prefill FLOPs as run, linear layers and head", routed.linear() / full.linear())
                .row("prefill FLOPs as run, with attention scores", routed.total() / full.total())
                .row("KV cache, all tokens", Arrays.stream(kept[0]).sum() / (double) Arrays.stream(kept[1]).sum())
                .row("KV cache, the picture's tokens", Arrays.stream(kept[0]).map(k -> k - (tokens - vision)).sum() / ((double) vision * kept[0].length))
                .row("time from the picture to the first logits", Measured.ratio(sum(seconds, "prefill, MoD"), sum(seconds, "prefill, dense")).text(1, 3))
                .print();
    }

    private static List<Double> sum(Map<String, List<Double>> seconds, String prefill) {
        return IntStream.range(0, seconds.get(prefill).size())
                .mapToObj(i -> seconds.get("preparing the picture").get(i) + seconds.get("tower and projector").get(i) + seconds.get(prefill).get(i)).toList();
    }

    private static int[] prefill(OrtEngine engine, PromptInput prompt) {
        try (Slot slot = engine.open()) {
            slot.prefill(prompt);
            return slot.cacheLengths();
        }
    }

    private static RgbImage picture() {
        byte[] noise = new byte[SIDE * SIDE * 3];
        var random = new SplittableRandom(0);
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (byte) random.nextInt();
        }
        return new RgbImage(new PixelSize(SIDE, SIDE), noise);
    }

    /** The last nodes of a vision graph, those that have the projector's weights and what stands between, as a graph of their own. */
    private record Projector(OrtSession session, String input, OnnxTensor features) implements AutoCloseable {
        static Projector of(Bundle bundle, Path file, int tokens) throws IOException, OrtException {
            String prefix = file.toAbsolutePath().getParent().relativize(bundle.folder().toAbsolutePath()) + "/";
            ModelProto model = ModelProto.parseFrom(Files.readAllBytes(bundle.file(bundle.component(Bundle.VISION).file())));
            GraphProto whole = model.getGraph();
            List<NodeProto> nodes = whole.getNodeList();
            int first = IntStream.range(0, nodes.size()).filter(i -> nodes.get(i).getInputList().stream().anyMatch(n -> n.startsWith(PROJECTOR))).findFirst().orElseThrow();
            String input = nodes.get(first).getInput(0);
            int width = 0;
            GraphProto.Builder graph = GraphProto.newBuilder().setName("projector").addAllNode(nodes.subList(first, nodes.size())).addAllOutput(whole.getOutputList());
            for (TensorProto t : whole.getInitializerList()) {
                if (t.getName().startsWith(PROJECTOR)) {
                    TensorProto.Builder own = t.toBuilder();
                    own.getExternalDataBuilderList().stream().filter(e -> e.getKey().equals("location")).forEach(e -> e.setValue(prefix + e.getValue()));
                    graph.addInitializer(own);
                    width = t.getName().endsWith("linear_1.weight") ? (int) t.getDims(1) : width;
                }
            }
            graph.addInput(ValueInfoProto.newBuilder().setName(input).setType(TypeProto.newBuilder().setTensorType(TypeProto.Tensor.newBuilder()
                    .setElemType(TensorProto.DataType.FLOAT_VALUE).setShape(TensorShapeProto.newBuilder()
                            .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("image_tokens")).addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(width))))));
            Files.write(file, model.toBuilder().setGraph(graph).build().toByteArray());
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            try (var options = new OrtSession.SessionOptions()) {
                options.disablePerSessionThreads();
                FloatBuffer features = FloatBuffer.allocate(tokens * width);
                var random = new SplittableRandom(0);
                for (int i = 0; i < features.capacity(); i++) {
                    features.put(i, (float) random.nextDouble(-1, 1));
                }
                return new Projector(environment.createSession(file.toString(), options), input,
                        OnnxTensor.createTensor(environment, features, new long[] {tokens, width}));
            }
        }

        void run() {
            try {
                session.run(Map.of(input, features)).close();
            } catch (OrtException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() throws OrtException {
            features.close();
            session.close();
        }
    }
}
