// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.github.depthc.backend.bundle.BundleSize;
import io.github.depthc.backend.bundle.BundleSpec;
import io.github.depthc.backend.bundle.BundleWriter;
import io.github.depthc.backend.bundle.EngineParts;
import io.github.depthc.backend.bundle.LayerPlan;
import io.github.depthc.backend.bundle.TokenIds;
import io.github.depthc.backend.bundle.WeightsVariant;
import io.github.depthc.cli.Main;
import io.github.depthc.cli.plan.PlanReport;
import io.github.depthc.cli.report.HtmlReport;
import io.github.depthc.cli.report.Measured;
import io.github.depthc.cli.report.ReportFacts;
import io.github.depthc.frontend.GenerationIds;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.frontend.sentence.SentencePooling;
import io.github.depthc.frontend.tokenizer.Tokenizer;
import io.github.depthc.frontend.vision.LlavaSettings;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.DecoderLayer;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.mod.Routing;
import io.github.depthc.passes.builtin.lower.EmbeddingSplit;
import io.github.depthc.server.chat.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Puts together what a bundle is made of: the lowered model, its plan, the checkpoint's own files and the report. */
public final class BundleAssembly {
    private static final String UNMEASURED = "Quality is not measured yet: an untrained conversion skips tokens by their place alone, which costs quality; "
            + "depthc eval measures how much, on text of your own.";
    private static final String UNMEASURED_VECTORS = "Quality is not measured yet: an untrained conversion skips tokens by their place alone, which changes the "
            + "vectors; compare those of depthc embed with those of a dense bundle (--layers none), on text of your own.";
    private static final String NO_TOKENIZER = " For that the checkpoint needs a tokenizer.json, and to be converted again.";
    private static final String NO_TOWER = "The checkpoint has no vision tower, so the bundle takes text alone. For images, give the tower's folder: "
            + "--vision-tower DIR.";
    private static final String IMAGES_ALONE = "These layers skip image tokens alone: a prompt of text skips nothing and saves nothing, unless run is told "
            + "which positions may be skipped (--candidates A:B)";

    private final Checkpoint checkpoint;
    private final Optional<ImageSource> images;
    private final Conversion conversion;
    private final PlanReport plan;
    private final List<String> remarks;
    private final Measured measured;
    private final String command;
    private final String runCommand;

    /**
     * What the parts come from.
     *
     * @param images     what the checkpoint has for images
     * @param remarks    of the passes
     * @param measured   what the converted layers did on calibration prompts
     * @param command    the command line that converts
     * @param runCommand the command line to run next
     */
    public BundleAssembly(Checkpoint checkpoint, Optional<ImageSource> images, Conversion conversion, PlanReport plan, List<String> remarks, Measured measured, String command,
            String runCommand) throws IOException {
        this.checkpoint = checkpoint;
        this.images = images;
        this.conversion = conversion;
        this.plan = plan;
        this.measured = measured;
        this.command = command;
        this.runCommand = runCommand;
        var all = new ArrayList<>(remarks);
        all.addAll(Importer.generationIds(checkpoint).leftOut());
        if (conversion.layered().routings().stream().anyMatch(r -> r.candidates() == Routing.Candidates.VISION)) {
            all.add(IMAGES_ALONE + (conversion.trained() || images.isPresent() ? "." : ". To skip tokens of text, choose --style mod, or plain without --routers."));
        }
        if (images.isEmpty() && LlavaSettings.describes(checkpoint.config())) {
            all.add(LlavaSettings.unsupported(checkpoint.config()).map(key -> "The checkpoint's images are of a kind that is not supported (\"" + key
                    + "\" in config.json), so the bundle takes text alone.").orElse(NO_TOWER));
        }
        images.flatMap(ImageSource::remark).ifPresent(all::add);
        if (images.isPresent() && !readsPlaceholder(checkpoint, images.get().parts().settings(), conversion.layered().info().vocab())) {
            all.add("The tokenizer does not read " + ChatTemplate.IMAGE + " as the token " + images.get().parts().settings().placeholder() + ", which stands for an image in config.json: "
                    + "such a bundle takes images with --input-ids alone; for --prompt, give the checkpoint the tokenizer that it was trained with.");
        }
        this.remarks = List.copyOf(all);
    }

    /** Whether a prompt of text can show an image; true where there is no tokenizer, so that there are no such prompts. */
    private static boolean readsPlaceholder(Checkpoint checkpoint, LlavaSettings settings, int vocab) throws IOException {
        if (!settings.huggingFace() || !Files.isRegularFile(checkpoint.dir().resolve(Tokenizer.FILE))) {
            return true;
        }
        try (Tokenizer tokenizer = Tokenizer.open(checkpoint.dir(), vocab)) {
            return Arrays.equals(tokenizer.encodeWithoutSpecialTokens(ChatTemplate.IMAGE), new long[] {settings.placeholder()});
        }
    }

    /** What the user should know, a sentence or two each. */
    public List<String> remarks() {
        var all = new ArrayList<>(remarks);
        if (routers() == ReportFacts.Routers.NONE && skips() && !Conversion.measuresAnswers(conversion.pipeline())) {
            boolean reads = Files.isRegularFile(checkpoint.dir().resolve(Tokenizer.FILE));
            all.add(!conversion.layered().encoder() ? UNMEASURED : reads ? UNMEASURED_VECTORS : UNMEASURED_VECTORS + NO_TOKENIZER); // the report has a paragraph of its own about that
        }
        return all;
    }

    private boolean skips() {
        return conversion.layered().routings().stream().map(Routing::selection).anyMatch(s -> s instanceof Routing.Selection.Threshold || s.ratio() < 1);
    }

    /**
     * What the bundle is made of, and what it takes.
     *
     * @param spec    its parts
     * @param size    its size, and the weights variant that was chosen
     * @param weights that variant in words
     */
    public record Assembled(BundleSpec spec, BundleSize size, String weights) {
    }

    /** What runs: the lowered model, its plan and its special tokens, without files and report. */
    public static BundleSpec.Builder parts(Checkpoint checkpoint, Conversion conversion) {
        return parts(checkpoint, Optional.empty(), conversion);
    }

    private static BundleSpec.Builder parts(Checkpoint checkpoint, Optional<ImageSource> images, Conversion conversion) {
        GenerationIds ids = Importer.generationIds(checkpoint);
        boolean cut = conversion.lowered().graph().param(GraphNames.INPUTS_EMBEDS) != null;
        BundleSpec.Builder spec = cut ? ImageComponents.spec(new EmbeddingSplit(images.orElseThrow().embedding().orElseThrow(), conversion.lowered()), images.get().parts())
                : ImageComponents.spec(conversion.lowered(), images.map(ImageSource::parts));
        return spec
                .layers(conversion.layered().layers().stream().map(n -> LayerPlan.of((DecoderLayer) n.kind(), conversion.style())).toList())
                .tokens(new TokenIds(ids.bos(), ids.eos()))
                .toolVersion(Main.version());
    }

    /**
     * Puts the parts together.
     *
     * @param engines what the bundle has for GPUs
     */
    public Assembled assemble(WeightsVariant weights, boolean portable, Optional<EngineParts> engines) throws IOException {
        BundleSpec.Builder parts = parts(checkpoint, images, conversion).weights(weights).portable(portable);
        engines.ifPresent(parts::engines);
        var files = new ArrayList<Path>(checkpoint.tokenizerFiles());
        if (files.contains(checkpoint.dir().resolve(Tokenizer.FILE))) {
            Tokenizer.check(checkpoint.dir(), conversion.layered().info().vocab());
        }
        for (String name : List.of("config.json", "generation_config.json")) {
            Path file = checkpoint.dir().resolve(name);
            if (Files.isRegularFile(file)) {
                files.add(file);
            }
        }
        if (conversion.layered().encoder()) {
            SentencePooling.files(checkpoint.dir()).forEach(parts::file);
        }
        images.ifPresent(i -> i.files().forEach(parts::file));
        for (Path file : files) {
            parts.file(file.getFileName().toString(), file);
        }
        DType dtype = Importer.dtype(checkpoint);
        WeightsVariant variant = BundleWriter.variant(parts.build());
        String text = switch (variant) {
            case SOURCE -> "the checkpoint's own " + dtype + " weights";
            case BF16 -> "matrices in BF16" + (dtype == DType.BF16 ? ", as in the checkpoint" : ", rounded from " + dtype);
            case INT8, INT4 -> "weights in " + variant.bits().getAsInt() + " bits";
            case AUTO, FP32 -> dtype == DType.F32 ? "weights written out in F32" : "weights converted from " + dtype + " to F32";
        };
        if (!conversion.quantization().isEmpty()) {
            ArrayNode all = JsonNodeFactory.instance.arrayNode();
            conversion.quantization().forEach(q -> QuantizationJson.put(q, all.addObject()));
            parts.text(BundleSpec.QUANTIZATION, all.toPrettyString() + "\n");
        }
        BundleSpec spec = parts.text(BundleSpec.REPORT, HtmlReport.render(plan, new ReportFacts(Main.version(), command, runCommand, "", text, routers(), remarks,
                Optional.empty(), conversion.allocation(), measured))).build();
        return new Assembled(spec, BundleWriter.measure(spec), text);
    }

    private ReportFacts.Routers routers() {
        if (conversion.layered().routings().stream().allMatch(r -> r.score() instanceof Routing.Score.None)) {
            return ReportFacts.Routers.NONE;
        }
        if (conversion.trained()) {
            return ReportFacts.Routers.CHECKPOINT;
        }
        boolean learned = conversion.layered().routings().stream().map(Routing::score)
                .anyMatch(s -> s instanceof Routing.Score.Linear || s instanceof Routing.Score.SharedLinear);
        return learned ? ReportFacts.Routers.GIVEN : ReportFacts.Routers.COMPUTED;
    }
}
