// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.ort.OrtEngine;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.calibration.Calibration;
import io.github.depthc.cli.calibration.CalibrationOptions;
import io.github.depthc.cli.calibration.ImageSamples;
import io.github.depthc.cli.console.Bars;
import io.github.depthc.cli.console.Console;
import io.github.depthc.cli.console.Interrupts;
import io.github.depthc.cli.console.JsonOutput;
import io.github.depthc.cli.console.Progress;
import io.github.depthc.cli.console.Table;
import io.github.depthc.cli.console.Units;
import io.github.depthc.cli.convert.ImageComponents;
import io.github.depthc.cli.convert.ImageSource;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.vision.ImageParts;
import io.github.depthc.frontend.vision.LlavaCheckpoint;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.Model;
import io.github.depthc.ir.weight.WeightStore;
import io.github.depthc.passes.api.PassContext;
import io.github.depthc.passes.api.Sample;
import io.github.depthc.passes.builtin.arank.Arank;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code depthc analyze}: the attention rank of each layer on calibration text. */
@Command(
        name = "analyze",
        mixinStandardHelpOptions = true,
        header = "Measure how redundant each layer is (ARank).",
        description = "The rank of each layer's attention maps on calibration text, as gamma-MoD defines it. The layer of the lowest rank is the first candidate for conversion. One layer is in memory at a time.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  depthc analyze samples/checkpoints/stories260k",
            "  depthc analyze CHECKPOINT --calibration stories.txt --samples 4",
            "  depthc analyze CHECKPOINT --calibration data.jsonl --tokens-per-sample 128",
            "",
            "A rank is at most the number of tokens of a sample less one: compare layers, or",
            "runs on the same text.",
        })
public final class AnalyzeCommand implements Callable<Integer> {
    private static final int BAR = 24;

    private final Console console;

    @Parameters(paramLabel = "CHECKPOINT", description = "Folder of a HuggingFace checkpoint: config.json and safetensors files, or pytorch_model.bin.")
    private Path path;

    @Mixin
    private CalibrationOptions calibration;

    @Option(names = "--vision-tower", paramLabel = "DIR", description = "Folder of the CLIP checkpoint of an original LLaVA checkpoint, to measure on images.")
    private Path visionTower;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that run the layers (default: all cores); ranks are computed on all cores.")
    private int threads;

    @Option(names = "--json", description = "Print one JSON object instead of a table.")
    private boolean json;

    public AnalyzeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (Bundle.isBundle(path)) {
            throw new InputException(path + ": is a bundle, whose graph has no layers any more; analyze the checkpoint it was made from");
        }
        Calibration chosen = calibration.text(false);
        OrtOptions options = OrtOptions.DEFAULT.withThreads(threads);
        try (Checkpoint opened = LlavaCheckpoint.open(path); Checkpoint tower = visionTower == null ? null : Checkpoint.open(visionTower)) {
            Optional<Path> shown = calibration.images();
            Model whole = Importer.load(opened);
            List<Sample> tokens;
            Model model;
            if (shown.isEmpty()) {
                model = whole;
                tokens = chosen.samples(opened, "");
            } else {
                OrtEngine.prepare();
                ImageSource images = ImageSource.of(opened, whole, Optional.ofNullable(tower)).orElseThrow(
                        () -> new InputException(shown.get() + ": has images, but " + path + " takes none or has no vision tower; expected text alone, or --vision-tower DIR"));
                Model weighted = tower == null ? whole
                        : whole.withWeights(WeightStore.bySource(Map.of(Checkpoint.SOURCE, opened, ImageParts.TOWER_SOURCE, tower)));
                EmbeddingSplit split = ImageComponents.split(weighted, images.parts());
                model = split.decoder();
                tokens = new ImageSamples(opened, images, weighted, split).read(shown.get(), chosen.samples(), new OrtExecutor(options));
            }
            if (calibration.counted() && tokens.size() < chosen.samples()) {
                console.note("--samples is " + chosen.samples() + ", but the text has " + tokens.size() + " of at least two tokens.");
            }
            Arank.Result result;
            OrtEngine.prepare();
            try (Interrupts _ = Interrupts.endAtOnce(); Progress progress = console.progress()) {
                result = new Arank().compute(model, PassContext.builder().executor(new OrtExecutor(options)).calibration(() -> tokens)
                        .progress(progress).build());
            }
            if (json) {
                JsonOutput.print(console, json(model, chosen, result));
            } else {
                print(model, chosen, result);
            }
        }
        return Main.DONE;
    }

    private void print(Model model, Calibration text, Arank.Result result) {
        int shortest = result.tokens().stream().mapToInt(t -> t).min().orElseThrow();
        int longest = result.tokens().stream().mapToInt(t -> t).max().orElseThrow();
        int count = result.tokens().size();
        console.line("ARank of " + model.info().name() + " (" + model.info().architecture() + ", " + model.info().layers() + " layers, "
                + model.info().heads() + " heads)");
        console.line(count + (count == 1 ? " sample" : " samples") + " of " + (shortest == longest ? "" : shortest + " to ") + longest + " tokens, "
                + text.source());
        console.line("");
        double lowest = result.layers().stream().mapToDouble(Arank.LayerRank::mean).min().orElseThrow();
        double highest = result.layers().stream().mapToDouble(Arank.LayerRank::mean).max().orElseThrow();
        double zero = axis(lowest, highest);
        List<Integer> order = lowestFirst(result);
        var table = new Table(2).right("layer").right("ARank").right("heads from").right("to").right("spread").right("order")
                .left(zero == 0 ? "" : "bar from " + Units.fixed(zero, 0));
        for (Arank.LayerRank r : result.layers()) {
            table.row(Integer.toString(r.index()), Units.fixed(r.mean(), 2), Units.fixed(r.min(), 1), Units.fixed(r.max(), 1),
                    Units.fixed(spread(r), 2), Integer.toString(order.indexOf(r.index()) + 1),
                    Bars.bar((r.mean() - zero) / Math.max(highest - zero, 1e-9), BAR, console.unicode()));
        }
        table.print(console);
        console.line("");
        console.line("Spread is the standard deviation over heads. Order 1 has the lowest rank: convert it");
        console.line("first (--layers arank:K takes the first K).");
    }

    /** Ranks lie close together far from zero: their bars then start at a round number below the lowest. */
    private static double axis(double lowest, double highest) {
        if (lowest < highest / 2) {
            return 0;
        }
        double range = Math.max(highest - lowest, 1);
        double step = Math.pow(10, Math.ceil(Math.log10(range)));
        return Math.max(0, Math.floor((lowest - range / 4) / step) * step);
    }

    private static ObjectNode json(Model model, Calibration text, Arank.Result result) {
        ObjectNode o = JsonOutput.object().put("model", model.info().name()).put("architecture", model.info().architecture())
                .put("calibration", text.source());
        ArrayNode tokens = o.putArray("sample_tokens");
        result.tokens().forEach(tokens::add);
        List<Integer> order = lowestFirst(result);
        ArrayNode layers = o.putArray("layers");
        for (Arank.LayerRank r : result.layers()) {
            ObjectNode layer = layers.addObject().put("layer", r.index()).put("arank", r.mean()).put("head_min", r.min()).put("head_max", r.max())
                    .put("head_spread", spread(r)).put("order", order.indexOf(r.index()) + 1);
            layer.set("heads", JsonOutput.array(r.heads().stream().mapToDouble(d -> d).toArray()));
            layer.set("samples", JsonOutput.array(r.samples().stream().mapToDouble(d -> d).toArray()));
        }
        o.set("lowest_first", JsonOutput.array(order.stream().mapToInt(i -> i).toArray()));
        return o;
    }

    private static List<Integer> lowestFirst(Arank.Result result) {
        return result.layers().stream().sorted(Comparator.comparingDouble(Arank.LayerRank::mean)).map(Arank.LayerRank::index).toList();
    }

    private static double spread(Arank.LayerRank r) {
        double mean = r.heads().stream().mapToDouble(d -> d).average().orElseThrow();
        return Math.sqrt(r.heads().stream().mapToDouble(d -> (d - mean) * (d - mean)).average().orElseThrow());
    }
}
